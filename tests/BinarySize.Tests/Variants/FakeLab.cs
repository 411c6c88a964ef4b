using System.Collections.Concurrent;
using BinarySize.Variants;

namespace BinarySize.Tests.Variants;

/// <summary>A lab that computes what a variant comes to from the properties that it has, without building anything.</summary>
internal sealed class FakeLab(Func<IReadOnlySet<string>, long?> size) : IVariantLab
{
    /// <summary>Properties of each variant that was tried, in order.</summary>
    public ConcurrentQueue<string> Tried { get; } = new();

    /// <summary>Called before a variant is tried.</summary>
    public Action<Variant> Before { get; init; } = static _ => { };

    public VariantResult Try(Variant variant, CancellationToken cancel)
    {
        Before(variant);
        cancel.ThrowIfCancellationRequested();
        var set = variant.Effective().Select(p => p.Value == "true" ? p.Key : $"{p.Key}={p.Value}").ToHashSet();
        Tried.Enqueue(string.Join('+', set.Order(StringComparer.Ordinal)));
        return size(set) is { } bytes
            ? new VariantResult(variant.Name, VariantStatus.Ok) { ShippedSize = (bytes + 4095) / 4096 * 4096, NetSize = bytes, Verified = true }
            : new VariantResult(variant.Name, VariantStatus.Broken) { ShippedSize = 1, NetSize = 1, Verified = false, Reason = "exit code 139" };
    }

    public static TuneCandidate Candidate(string name, TuneLoss loss = TuneLoss.General) => new(name, loss, "something") { Settings = [new Setting(name, "true")] };
}
