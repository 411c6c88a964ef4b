using BinarySize.Shrinking;

namespace BinarySize.Variants;

/// <summary>The sets of variants that are built in.</summary>
public static class VariantSets
{
    /// <summary>Names of the sets; the first is the default.</summary>
    public static IReadOnlyList<string> Names { get; } = ["strategies", "pack-levels", "settings", "user"];

    /// <summary>Profiles that a program may be published with, the mildest first.</summary>
    public static IReadOnlyList<string> Profiles { get; } = ["General", "Serverless", "SizeCritical", "Embedded"];

    /// <summary>Name of the plain NativeAOT variant.</summary>
    public const string NativeAot = "native-aot";

    /// <summary>Name of the plain trimmed variant.</summary>
    public const string Trimmed = "trimmed";

    private static Setting[] Publish(bool selfContained, bool aot = false, bool trimmed = false, bool single = false, bool compressed = false, bool readyToRun = false) =>
    [
        // All of them every time: what the project itself chooses must not shine through.
        new("SelfContained", Text(selfContained)), new("PublishAot", Text(aot)), new("PublishTrimmed", Text(trimmed || aot)), new("PublishSingleFile", Text(single)),
        new("EnableCompressionInSingleFile", Text(compressed)), new("PublishReadyToRun", Text(readyToRun)),
    ];

    private static string Text(bool value) => value ? "true" : "false";

    /// <summary>The ways to publish that the SDK has, NativeAOT with each profile, and packed.</summary>
    public static IReadOnlyList<Variant> Strategies { get; } =
    [
        new("framework-dependent", Publish(false)),
        new("self-contained", Publish(true)),
        new("single-file", Publish(true, single: true)),
        new("single-file-compressed", Publish(true, single: true, compressed: true)),
        new(Trimmed, Publish(true, trimmed: true)),
        new("trimmed-single-file", Publish(true, trimmed: true, single: true)),
        new("trimmed-compressed", Publish(true, trimmed: true, single: true, compressed: true)),
        new("trimmed-ready-to-run", Publish(true, trimmed: true, readyToRun: true)),
        new(NativeAot, Publish(true, aot: true)),
        .. Profiles.Select(p => new Variant($"{NativeAot}-{p.ToLowerInvariant()}", [.. Publish(true, aot: true), new Setting("BinarySizeProfile", p)])),
        new($"{NativeAot}-packed", Publish(true, aot: true)) { Pack = new PackOptions() },
        new("trimmed-compressed-packed", Publish(true, trimmed: true, single: true, compressed: true)) { Pack = new PackOptions() },
    ];

    /// <summary>One of <see cref="Strategies"/> by name.</summary>
    public static Variant Strategy(string name) => Strategies.First(v => v.Name == name);

    /// <summary>The app as <paramref name="start"/> has it, unpacked and packed at UPX's levels, with and without LZMA.</summary>
    public static IReadOnlyList<Variant> PackLevels(Variant start)
    {
        ArgumentNullException.ThrowIfNull(start);
        var variants = new List<Variant> { start };
        foreach (string level in (string[])["1", "5", "9", "best"])
        {
            foreach (bool lzma in (bool[])[false, true]) variants.Add(start with { Name = $"upx-{level}{(lzma ? "-lzma" : "")}", Pack = new PackOptions { Level = level, Lzma = lzma } });
        }
        return variants;
    }

    /// <summary>The app as <paramref name="start"/> has it, and with each size setting alone.</summary>
    public static IReadOnlyList<Variant> Settings(Variant start, IReadOnlyList<TuneCandidate> candidates)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(candidates);
        return [start, .. candidates.Select(c => c.On(start, c.Name))];
    }

    /// <summary>
    /// Behind <see cref="Settings"/>: the settings that saved something alone, one after another on top of each other, in
    /// the order of what they saved.
    /// </summary>
    /// <param name="start">What they were tried on.</param>
    /// <param name="candidates">The settings.</param>
    /// <param name="results">What they came to, the start first.</param>
    public static IReadOnlyList<Variant> Cumulative(Variant start, IReadOnlyList<TuneCandidate> candidates, IReadOnlyList<VariantResult> results)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(candidates);
        ArgumentNullException.ThrowIfNull(results);
        if (results.Count == 0 || results[0].NetSize is not { } whole) return [];
        Dictionary<string, VariantResult> byName = results.ToDictionary(r => r.Name, StringComparer.Ordinal);
        var variants = new List<Variant>();
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        Variant current = start;
        long Saved(TuneCandidate candidate) => byName.TryGetValue(candidate.Name, out VariantResult? result) && result.Status == VariantStatus.Ok ? whole - result.NetSize!.Value : 0;
        foreach (TuneCandidate candidate in candidates.Where(c => Saved(c) >= Tuner.Noise(whole)).OrderByDescending(Saved))
        {
            if (!taken.Add(candidate.Slot)) continue;
            current = candidate.On(current, "+ " + candidate.Name);
            variants.Add(current);
        }
        return variants.Count > 1 ? variants.Skip(1).ToList() : [];
    }
}
