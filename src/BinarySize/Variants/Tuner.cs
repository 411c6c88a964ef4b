namespace BinarySize.Variants;

/// <summary>How a search is made.</summary>
public sealed record TuneOptions
{
    /// <summary>Whether a candidate may be part of the combination.</summary>
    public Func<TuneCandidate, bool> Allowed { get; init; } = static c => c.Loss <= TuneLoss.Serverless;

    /// <summary>Whether an assembly is part of the app; null where that is not known.</summary>
    public Func<VariantResult, IReadOnlySet<string>?> Assemblies { get; init; } = static _ => null;

    /// <summary>How trials are run.</summary>
    public RunOptions Run { get; init; } = new();

    /// <summary>Takes what is asked for the progress of builds.</summary>
    public Action<Comparer> Watch { get; init; } = static _ => { };

    /// <summary>Takes a line about where the search stands.</summary>
    public Action<string> Progress { get; init; } = static _ => { };
}

/// <summary>
/// Looks for the smallest combination of settings that still works, by building the app: all at once for an early answer;
/// each alone; those that save something together; those that saved nothing alone once more on top; and each of the
/// combination left out again, so that what stays is worth its price. Sizes are compared without padding, which hides small
/// changes, and every step must pass the verify command.
/// </summary>
public sealed class Tuner
{
    private readonly TuneOptions _options;
    private readonly CancellationToken _cancel;
    private readonly Variant _start;
    private readonly Dictionary<TuneCandidate, TuneTrial> _trials = [];
    private readonly Comparer _comparer;
    private HashSet<TuneCandidate> _bestSet = [];
    private VariantResult _first = new("", VariantStatus.Cancelled), _best = new("", VariantStatus.Cancelled);
    private int _tried;

    private Tuner(IVariantLab lab, Variant start, TuneOptions options, CancellationToken cancel)
    {
        _start = start;
        _options = options;
        _cancel = cancel;
        _comparer = new Comparer(lab, options.Run);
        options.Watch(_comparer);
    }

    /// <summary>Savings below this are not distinguishable from the accidents of alignment: 512 bytes, or a five-thousandth.</summary>
    public static long Noise(long whole) => Math.Max(512, whole / 5000);

    /// <summary>Makes the search. When it is cancelled, or out of time, the best so far is the result.</summary>
    /// <param name="lab">Builds and measures.</param>
    /// <param name="start">What is made smaller.</param>
    /// <param name="candidates">Settings and cuts, those that usually save most first.</param>
    /// <param name="options">How.</param>
    /// <param name="cancel">Ends the search.</param>
    public static TuneResult Search(IVariantLab lab, Variant start, IReadOnlyList<TuneCandidate> candidates, TuneOptions options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(candidates);
        ArgumentNullException.ThrowIfNull(options);
        var tuner = new Tuner(lab, start, options, cancel);
        string? stopped = null;
        try
        {
            stopped = tuner.Search(candidates);
        }
        catch (OperationCanceledException)
        {
            stopped = "it was ended before it had tried everything";
        }
        return tuner.Result(candidates, stopped);
    }

    private string? Search(IReadOnlyList<TuneCandidate> candidates)
    {
        _options.Progress("the app as it is");
        _first = _best = Try([], "start");
        if (_first.Status != VariantStatus.Ok) return $"the app itself does not work as a start: {_first.Reason}";
        long noise = Noise(_first.NetSize!.Value);

        IReadOnlySet<string>? assemblies = _options.Assemblies(_first);
        List<TuneCandidate> open = [];
        foreach (TuneCandidate candidate in candidates)
        {
            if (candidate.Assembly is { } assembly && assemblies?.Contains(assembly) == false) Note(new TuneTrial(candidate, TuneOutcome.NoGain) { Reason = $"{assembly} is not in the app" });
            else open.Add(candidate);
        }
        List<TuneCandidate> allowed = [.. open.Where(_options.Allowed)];
        foreach (TuneCandidate candidate in open.Except(allowed)) Note(new TuneTrial(candidate, TuneOutcome.NotAllowed) { Reason = $"not allowed: gives up {candidate.GivesUp}" });

        // An answer at once, for whoever ends the search early.
        if (allowed.Count > 1)
        {
            _options.Progress("all that is allowed, together");
            Try(OneASlot(allowed), "together");
        }

        _options.Progress($"{allowed.Count} settings, each alone");
        VariantResult[] alone = [.. TryEach(allowed, c => [c])];
        var winners = new List<TuneCandidate>();
        var gains = new Dictionary<TuneCandidate, long>();
        var losers = new List<TuneCandidate>();
        for (int i = 0; i < allowed.Count; i++)
        {
            long? saved = Saved(_first, alone[i]);
            if (alone[i].Status != VariantStatus.Ok) Note(new TuneTrial(allowed[i], TuneOutcome.Refused) { Reason = alone[i].Reason });
            else if (saved >= noise)
            {
                winners.Add(allowed[i]);
                gains[allowed[i]] = saved.Value;
            }
            else losers.Add(allowed[i]);
            if (alone[i].Status == VariantStatus.Ok) Note(new TuneTrial(allowed[i], TuneOutcome.NoGain) { Alone = saved, Reason = "saves nothing here" });
        }

        // The largest saving first: of two for one slot it is the one that stays.
        HashSet<TuneCandidate> current = OneASlot(winners.OrderByDescending(w => gains[w]));
        foreach (TuneCandidate candidate in winners.Where(w => !current.Contains(w))) Note(new TuneTrial(candidate, TuneOutcome.NoGain) { Alone = gains[candidate], Reason = $"another value of {candidate.Slot} saves more" });
        _options.Progress($"{current.Count} that save something, together");
        VariantResult state = _first;
        if (current.Count > 0)
        {
            VariantResult all = Try(current, "combined");
            if (all.Status == VariantStatus.Ok && Saved(_first, all) >= noise) state = all;
            else (current, state) = OneByOne([], _first, [.. winners.Where(current.Contains).OrderByDescending(w => gains[w])], noise);
        }

        // Alone nothing, but perhaps beside the others.
        List<TuneCandidate> again = [.. OneASlot(losers).Where(l => current.All(c => !SameSlot(c, l)))];
        if (again.Count > 0 && current.Count > 0)
        {
            _options.Progress($"{again.Count} that saved nothing alone, on top");
            VariantResult more = Try([.. current, .. again], "on-top");
            if (more.Status != VariantStatus.Ok || Saved(state, more) >= noise) (current, state) = OneByOne(current, state, again, noise);
        }

        (current, state) = LeaveOut(current, state, noise);
        _best = state;
        _bestSet = current;

        // What the rest would bring, for whoever decides.
        List<TuneCandidate> refused = [.. open.Except(allowed).Where(c => current.All(k => !SameSlot(k, c)))];
        if (refused.Count > 0) _options.Progress($"{refused.Count} that are not allowed, for comparison");
        VariantResult[] others = [.. TryEach(refused, c => [.. current, c], keepBest: false)];
        for (int i = 0; i < refused.Count; i++)
        {
            Note(_trials[refused[i]] with { Together = Saved(state, others[i]), Reason = others[i].Status == VariantStatus.Ok ? _trials[refused[i]].Reason : others[i].Reason });
        }
        return null;
    }

    // Adds one after the other, and keeps what works and saves.
    private (HashSet<TuneCandidate> Set, VariantResult State) OneByOne(HashSet<TuneCandidate> current, VariantResult state, List<TuneCandidate> candidates, long noise)
    {
        foreach (TuneCandidate candidate in candidates)
        {
            _options.Progress($"{candidate.Name} on top of {current.Count}");
            VariantResult with = Try([.. current, candidate], candidate.Name);
            if (with.Status != VariantStatus.Ok) Note(_trials[candidate] with { Outcome = TuneOutcome.Refused, Reason = "beside the others: " + with.Reason });
            else if (Saved(state, with) is { } saved && saved >= noise)
            {
                current = [.. current, candidate];
                state = with;
            }
            else Note(_trials[candidate] with { Outcome = TuneOutcome.NoGain, Together = Saved(state, with), Reason = "saves nothing beside the others" });
        }
        return (current, state);
    }

    // What the app loses when one of the combination is left out is what that one saves; who saves nothing goes.
    private (HashSet<TuneCandidate> Set, VariantResult State) LeaveOut(HashSet<TuneCandidate> current, VariantResult state, long noise)
    {
        if (current.Count == 0) return (current, state);
        foreach (TuneCandidate candidate in current) Note(_trials[candidate] with { Outcome = TuneOutcome.Kept, Reason = null });
        _best = state;
        _bestSet = current;
        if (current.Count == 1)
        {
            Note(_trials[current.First()] with { Together = Saved(_first, state) });
            return (current, state);
        }
        _options.Progress($"{current.Count} settings, each left out");
        List<TuneCandidate> order = [.. current];
        VariantResult[] without = [.. TryEach(order, c => [.. current.Where(k => k != c)], keepBest: false)];
        var idle = new List<TuneCandidate>();
        for (int i = 0; i < order.Count; i++)
        {
            // Without it the app may not even work; then it is not idle.
            long? saved = -Saved(state, without[i]);
            Note(_trials[order[i]] with { Together = saved });
            if (saved < noise) idle.Add(order[i]);
        }
        // One after the other: of two that save the same bytes one has to stay.
        foreach (TuneCandidate candidate in idle.OrderBy(c => _trials[c].Together))
        {
            HashSet<TuneCandidate> fewer = [.. current.Where(k => k != candidate)];
            VariantResult result = Try(fewer, "without " + candidate.Name, keepBest: false);
            if (result.Status != VariantStatus.Ok || -Saved(state, result) >= noise) continue;
            Note(_trials[candidate] with { Outcome = TuneOutcome.NoGain, Reason = "saves nothing beside the others" });
            (current, state) = (fewer, result);
            _best = state;
            _bestSet = current;
        }
        return (current, state);
    }

    private VariantResult Try(IReadOnlyCollection<TuneCandidate> set, string name, bool keepBest = true) => TryEach([name], _ => set, keepBest)[0];

    private IReadOnlyList<VariantResult> TryEach(IReadOnlyList<TuneCandidate> candidates, Func<TuneCandidate, IReadOnlyCollection<TuneCandidate>> set, bool keepBest = true) =>
        TryEach([.. candidates.Select(c => c.Name)], i => set(candidates[i]), keepBest);

    private IReadOnlyList<VariantResult> TryEach(IReadOnlyList<string> names, Func<int, IReadOnlyCollection<TuneCandidate>> set, bool keepBest)
    {
        List<IReadOnlyCollection<TuneCandidate>> sets = [.. names.Select((_, i) => set(i))];
        IReadOnlyList<VariantResult> results = _comparer.Run([.. sets.Select((s, i) => On(s, names[i]))], _cancel);
        for (int i = 0; i < results.Count; i++)
        {
            if (results[i].Status == VariantStatus.Cancelled) continue;
            _tried++;
            if (keepBest && results[i].Status == VariantStatus.Ok && (!_best.IsMeasured || results[i].NetSize < _best.NetSize))
            {
                _best = results[i];
                _bestSet = [.. sets[i]];
            }
            if (sets[i].Count == 1 && results[i].Status == VariantStatus.Ok && _first.IsMeasured && _trials.GetValueOrDefault(sets[i].First())?.Alone is null)
            {
                TuneCandidate candidate = sets[i].First();
                Note((_trials.GetValueOrDefault(candidate) ?? new TuneTrial(candidate, TuneOutcome.NotTried)) with { Alone = Saved(_first, results[i]) });
            }
        }
        // Only now, so that what was found out until then counts.
        if (results.Any(r => r.Status == VariantStatus.Cancelled)) throw new OperationCanceledException(_cancel);
        return results;
    }

    // In the catalogue's order, whatever order the search took: the same set is the same build.
    private Variant On(IReadOnlyCollection<TuneCandidate> set, string name)
    {
        Variant variant = _start with { Name = name };
        foreach (TuneCandidate candidate in set.OrderBy(c => c.Name, StringComparer.Ordinal)) variant = candidate.On(variant, name);
        return variant;
    }

    private static long? Saved(VariantResult before, VariantResult after) => after.Status == VariantStatus.Ok ? before.NetSize - after.NetSize : null;

    private static bool SameSlot(TuneCandidate a, TuneCandidate b) => string.Equals(a.Slot, b.Slot, StringComparison.OrdinalIgnoreCase);

    private static HashSet<TuneCandidate> OneASlot(IEnumerable<TuneCandidate> candidates) => [.. candidates.DistinctBy(c => c.Slot, StringComparer.OrdinalIgnoreCase)];

    private void Note(TuneTrial trial) => _trials[trial.Candidate] = trial;

    private TuneResult Result(IReadOnlyList<TuneCandidate> candidates, string? stopped)
    {
        var trials = new List<TuneTrial>();
        foreach (TuneCandidate candidate in candidates)
        {
            TuneTrial trial = _trials.GetValueOrDefault(candidate) ?? new TuneTrial(candidate, TuneOutcome.NotTried) { Reason = "no time left" };
            if (_bestSet.Contains(candidate)) trial = trial with { Outcome = TuneOutcome.Kept, Reason = null };
            else if (trial.Outcome == TuneOutcome.Kept) trial = trial with { Outcome = TuneOutcome.NoGain, Reason = "saves nothing beside the others" };
            trials.Add(trial);
        }
        return new TuneResult(_first, _best, trials) { Tried = _tried, Stopped = stopped };
    }
}
