using System.Diagnostics;

namespace BinarySize.Variants;

/// <summary>A variant that is being built.</summary>
/// <param name="Name">The variant's name.</param>
/// <param name="Seconds">That it takes so far.</param>
/// <param name="Expected">Seconds that it took the last time; null where that is not known.</param>
public sealed record RunningVariant(string Name, double Seconds, double? Expected);

/// <summary>Where a run of variants stands.</summary>
/// <param name="Running">What is being built.</param>
/// <param name="Done">Variants that are done.</param>
/// <param name="All">Variants in all.</param>
public sealed record VariantProgress(IReadOnlyList<RunningVariant> Running, int Done, int All);

/// <summary>How variants are run.</summary>
public sealed record RunOptions
{
    /// <summary>Builds at the same time.</summary>
    public int Parallelism { get; init; } = DefaultParallelism();

    /// <summary>Seconds that a variant of this name took the last time.</summary>
    public Func<string, double?> Expected { get; init; } = static _ => null;

    /// <summary>Takes each result as it comes.</summary>
    public Action<VariantResult> Finished { get; init; } = static _ => { };

    /// <summary>
    /// A publish keeps two cores busy for most of its time, and NativeAOT takes up to two gigabytes of memory.
    /// </summary>
    public static int DefaultParallelism() => (int)Math.Clamp(Math.Min(Environment.ProcessorCount / 2, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (2L << 30)), 1, 16);
}

/// <summary>Runs a set of variants. What goes wrong with one costs only its own row.</summary>
public sealed class Comparer(IVariantLab lab, RunOptions options)
{
    private readonly Dictionary<string, long> _running = [];
    private int _done, _all;

    /// <summary>Where it stands, for whoever is watching; from any thread.</summary>
    public VariantProgress Progress
    {
        get
        {
            lock (_running) return new VariantProgress([.. _running.Keys.Select(name => new RunningVariant(name, Stopwatch.GetElapsedTime(_running[name]).TotalSeconds, options.Expected(name)))], _done, _all);
        }
    }

    /// <summary>
    /// Tries all variants, in their order as far as several at a time allow. When it is cancelled, those that are not done
    /// are <see cref="VariantStatus.Cancelled"/>, and the others are what they are.
    /// </summary>
    public IReadOnlyList<VariantResult> Run(IReadOnlyList<Variant> variants, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(variants);
        var results = new VariantResult[variants.Count];
        lock (_running) _all += variants.Count;
        int next = -1;
        Thread[] workers = [.. Enumerable.Range(0, Math.Clamp(options.Parallelism, 1, Math.Max(1, variants.Count))).Select(_ => new Thread(Work))];
        foreach (Thread worker in workers) worker.Start();
        foreach (Thread worker in workers) worker.Join();
        return results;

        void Work()
        {
            for (int i = Interlocked.Increment(ref next); i < variants.Count; i = Interlocked.Increment(ref next))
            {
                results[i] = One(variants[i], cancel);
                lock (_running) _done++;
                options.Finished(results[i]);
            }
        }
    }

    private VariantResult One(Variant variant, CancellationToken cancel)
    {
        lock (_running) _running[variant.Name] = Stopwatch.GetTimestamp();
        try
        {
            cancel.ThrowIfCancellationRequested();
            return lab.Try(variant, cancel);
        }
        catch (OperationCanceledException)
        {
            return new VariantResult(variant.Name, VariantStatus.Cancelled) { Reason = "ended before it was done" };
        }
#pragma warning disable CA1031 // One row, whatever it was.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new VariantResult(variant.Name, VariantStatus.Failed) { Reason = $"{e.GetType().Name}: {e.Message}" };
        }
        finally
        {
            lock (_running) _running.Remove(variant.Name);
        }
    }
}
