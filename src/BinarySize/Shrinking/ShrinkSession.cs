using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BinarySize.Artifacts;

namespace BinarySize.Shrinking;

/// <summary>
/// Makes a folder that ships smaller: step by step on a copy, each step measured, verified, and undone where it breaks the
/// app or does not pay; then file by file exchanged in the folder, each exchange a rename. The originals are kept in the
/// intermediate folder, so that turning everything off gives them back. Where nothing changed since the last time, nothing
/// is made and nothing but what the build has copied anew is exchanged.
/// </summary>
public sealed class ShrinkSession
{
    private const string TemporaryEnd = ".bsz-tmp";

    /// <summary>
    /// By how much what takes a file's place is younger: it can be told from the original by its time alone, where a build
    /// copied that anew, on file systems too that keep even seconds.
    /// </summary>
    private static readonly TimeSpan s_younger = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(30), s_pause = TimeSpan.FromMilliseconds(100);

    private readonly ShrinkRequest _request;
    private readonly CancellationToken _cancel;
    private readonly string _folder, _id, _stateFile, _ledgerFile, _originals;
    private readonly StepCache _cache;
    private readonly List<LedgerRow> _rows = [];
    private readonly List<ShrinkFinding> _findings = [];
    private List<Item> _items = [];
    private Stage? _stage;
    private bool _isFinal = true;

    private ShrinkSession(ShrinkRequest request, CancellationToken cancel)
    {
        _request = request;
        _cancel = cancel;
        _folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(request.Folder));
        _id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_folder)))[..12];
        _stateFile = Path.Combine(request.StateDirectory, _id + ".state");
        _ledgerFile = Path.Combine(request.StateDirectory, _id + ".ledger.json");
        _originals = Path.Combine(request.StateDirectory, "originals");
        _cache = new StepCache(Path.Combine(request.StateDirectory, "outputs"));
        _rows.AddRange(request.Cuts);
    }

    // Bytes that cuts saved before the artifact was there.
    private long Cut => _request.Cuts.Where(r => r.Outcome == LedgerOutcome.Applied).Sum(r => r.Before - r.After);

    /// <summary>Does it. What can't be done is a finding, and leaves the folder as it is.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled. Every file of the folder is the original or the shrunk one.</exception>
    public static ShrinkOutcome Run(ShrinkRequest request, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var session = new ShrinkSession(request, cancel);
        // Nothing to do and nothing to undo: files that nobody needs are named, and nothing is remembered.
        return request.Steps.Count == 0 && request.RemoveGroups.Count == 0 && !File.Exists(session._stateFile) ? session.Look() : session.Locked();
    }

    /// <summary>One file of the folder.</summary>
    private sealed class Item
    {
        /// <summary>As it lies in the folder.</summary>
        public required FoundFile Found { get; init; }

        /// <summary>What the build published.</summary>
        public required Stamp Original { get; init; }

        public required string Hash { get; init; }

        /// <summary>Where the original's bytes lie.</summary>
        public required string Source { get; init; }

        /// <summary>What lies in the folder is an output of ours.</summary>
        public required bool IsOurs { get; init; }

        /// <summary>How it was left the last time; null where it was not there.</summary>
        public StateFile? Last { get; init; }

        public string Path => Found.Path;

        public bool IsLink => Found.LinkTarget is not null;

        // What the steps have made of it so far.
        public string Output { get; set; } = "";

        public long Size { get; set; }

        public string CurrentHash { get; set; } = "";

        public bool IsRemoved { get; set; }

        public bool? Loads { get; set; }
    }

    /// <summary>A step on a file or a group: applied and undone as one.</summary>
    private sealed class Change(LedgerRow row)
    {
        public LedgerRow Row { get; set; } = row;

        /// <summary>Files; without a made step the file is taken away.</summary>
        public List<(Item Item, MadeStep? Made)> Parts { get; } = [];

        /// <summary>Where the files that were there lie while it is applied.</summary>
        public List<string> Aside { get; } = [];

        /// <summary>What the first file was before.</summary>
        public (string Output, long Size, string Hash) Before { get; set; }
    }

    private ShrinkOutcome Look()
    {
        List<FoundFile> found = Walk();
        (Ledger ledger, IReadOnlyList<ShrinkFinding> findings) = FolderLook.At(found, _request.MainFile, _request.IsNativeAot, _request.Context, IO.FileAccessMode.Copy);
        _rows.AddRange(ledger.Rows);
        _findings.AddRange(findings);
        return Outcome(ledger with { Before = ledger.Before + Cut, Rows = _rows }, false);
    }

    private ShrinkOutcome Locked()
    {
        try
        {
            Directory.CreateDirectory(_request.StateDirectory);
            using FileStream? turn = Wait();
            if (turn is null)
            {
                Find(FindingSeverity.Warning, ShrinkCodes.Busy, $"Another build has been working on '{_folder}' for {s_longestWait.TotalMinutes} minutes; it is left as it is.");
                return Unchanged(Walk());
            }
            RemoveLeftovers();
            return Run(Walk());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Find(FindingSeverity.Warning, ShrinkCodes.NoRoom, $"What ships was not made smaller and is as it was: {e.Message}");
            return Unchanged(Walk());
        }
    }

    private ShrinkOutcome Run(List<FoundFile> found)
    {
        ShrinkState? last = ShrinkState.TryRead(_stateFile);
        if (last?.Folder != _folder) last = null;
        _items = Identify(found, last);
        string key = Key();
        if (last is { IsFinal: true } && last.Key == key && Repeat(last) is { } repeated) return repeated;

        if (_items.Find(i => i.Path == _request.MainFile) is { IsLink: false } main && _request.IsNativeAot && FolderLook.Guard(main.Path, main.Source, IO.FileAccessMode.Copy) is { } broken) _findings.Add(broken);
        _stage = new Stage(Path.Combine(_request.StateDirectory, "stage-" + _id), Path.GetFileName(_folder));
        try
        {
            List<(string Group, List<FoundFile> Files)> groups = Groups(found);
            bool removes = groups.Exists(g => _request.RemoveGroups.Contains(g.Group));
            if (removes || _request.Steps.Count > 0)
            {
                foreach (Item item in _items) _stage.Add(item.Found, item.Source);
                var uses = new List<(StepUse Use, List<Item> Items)>();
                foreach (StepUse use in _request.Steps)
                {
                    List<Item> items = _items.FindAll(i => IsFor(use, i));
                    if (items.Count > 0) uses.Add((use, items));
                }
                if ((removes || uses.Count > 0) && UntouchedWorks())
                {
                    Remove(groups);
                    foreach ((StepUse use, List<Item> items) in uses) Make(use, items);
                }
            }
            NameUnneeded(groups);
            return Commit(key);
        }
        finally
        {
            _stage.Remove();
        }
    }

    // ---- What there is

    private List<FoundFile> Walk()
    {
        List<FoundFile> found = FolderWalker.Walk(_folder, [], _request.Exclude);
        found.RemoveAll(f => f.Path.EndsWith(TemporaryEnd, StringComparison.Ordinal));
        return found;
    }

    // What an interrupted exchange left beside the files.
    private void RemoveLeftovers()
    {
        foreach (string file in Directory.EnumerateFiles(_folder, ".*" + TemporaryEnd, new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })) File.Delete(file);
    }

    private List<Item> Identify(List<FoundFile> found, ShrinkState? last)
    {
        Dictionary<string, StateFile> known = last?.Files.ToDictionary(f => f.Path, StringComparer.Ordinal) ?? [];
        var items = new List<Item>(found.Count);
        foreach (FoundFile file in found)
        {
            var stamp = new Stamp(file.Size, file.Modified);
            known.TryGetValue(file.Path, out StateFile? before);
            bool ours = before is not null && before.Ours.Contains(stamp) && File.Exists(OriginalOf(before.Hash));
            string hash = file.LinkTarget is not null ? "-> " + file.LinkTarget
                : before is not null && (ours || before.Original == stamp) ? before.Hash
                : FileHash.Of(file.FullPath);
            items.Add(new Item
            {
                Found = file,
                Original = ours ? before!.Original : stamp,
                Hash = hash,
                Source = ours ? OriginalOf(hash) : file.FullPath,
                IsOurs = ours,
                Last = before,
                Size = ours ? before!.Original.Size : stamp.Size,
                CurrentHash = hash,
            });
        }
        return items;
    }

    private string OriginalOf(string hash) => Path.Combine(_originals, hash);

    private string Key()
    {
        var text = new StringBuilder();
        text.Append(typeof(ShrinkSession).Module.ModuleVersionId).Append('\n').Append(_request.MainFile).Append('\n');
        foreach (Item item in _items)
        {
            text.Append(item.Path).Append('\t').Append(item.Hash);
            if (!OperatingSystem.IsWindows() && !item.IsLink) text.Append('\t').Append((int)File.GetUnixFileMode(item.Found.FullPath));
            text.Append('\n');
        }
        foreach (StepUse use in _request.Steps) text.Append(CultureInfo.InvariantCulture, $"{use.Step.Name}\t{use.Scope}\t{use.OnlyTested}\t{use.MeasuresStartup}\t{use.IsRequired}\t{use.Fingerprint ?? use.Step.Settings}\n");
        text.Append(string.Join(';', _request.RemoveGroups.Order(StringComparer.Ordinal))).Append('\n');
        text.Append(_request.Context.RuntimeIdentifier).Append('\t').Append(_request.Context.HostRuntimeIdentifier).Append('\n');
        text.Append(_request.Verify is { } verify ? "verify " + verify.Key : "").Append('\n').Append(_request.Load is { } load ? "load " + load.Key : "").Append('\n').Append(_request.VerifyRequired).Append('\n');
        foreach (LedgerRow cut in _request.Cuts) text.Append(CultureInfo.InvariantCulture, $"{cut}\n");
        text.Append(_request.Startup is { } startup ? "start " + startup.Key : "").Append('\n').Append(_request.StartupBudget?.ToString(CultureInfo.InvariantCulture));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    // Only what the build copied anew since the last time is exchanged again; null where that is not possible.
    private ShrinkOutcome? Repeat(ShrinkState last)
    {
        if (LedgerJson.TryRead(_ledgerFile) is not { } ledger) return null;
        foreach (Item item in _items)
        {
            item.Output = item.Last!.Output;
            item.IsRemoved = item.Last.IsRemoved;
            if (item.Output.Length > 0 && !IsInPlace(item) && !File.Exists(_cache.PathOf(item.Output))) return null;
            if (item.Output.Length > 0) item.Size = item.Last.Ours[^1].Size;
        }
        _rows.Clear();
        _rows.AddRange(ledger.Rows);
        _findings.AddRange(last.Findings);
        // The same bytes of another time: what takes their place will have another one too.
        bool isYounger = _items.Exists(i => i.Original != i.Last!.Original);
        if (isYounger) State(last.Key, afterwards: false).Write(_stateFile);
        Exchange();
        if (isYounger) State(last.Key, afterwards: true).Write(_stateFile);
        return Outcome(ledger, true);
    }

    private static bool IsInPlace(Item item) => item.IsOurs && item.Last!.Output == item.Output && item.Last.Ours[^1] == new Stamp(item.Found.Size, item.Found.Modified);

    // ---- Steps

    private bool IsFor(StepUse use, Item item)
    {
        if (item.IsLink || item.Original.Size == 0) return false;
        bool isMain = item.Path == _request.MainFile;
        if (use.Scope == StepScope.Main ? !isMain : use.Scope == StepScope.Others && isMain) return false;
        return use.Step.Considers(_stage!.PathOf(item.Path));
    }

    private List<(string Group, List<FoundFile> Files)> Groups(List<FoundFile> found) => FolderLook.Unneeded(found, _request.MainFile, _request.Context);

    private bool UntouchedWorks()
    {
        if (_request.Verify is null) return true;
        _request.Progress("verify the untouched artifact");
        CheckResult result = _request.Verify.Check(Main(), _cancel);
        if (result.Passed) return true;
        _isFinal = false;
        Find(_request.VerifyRequired ? FindingSeverity.Error : FindingSeverity.Warning, ShrinkCodes.UntouchedFails,
            $"The verify command fails on the untouched artifact ({result.Detail}): no step can be judged by it, and none was made. Correct BinarySizeVerifyCommand or the app.");
        long size = _items.Sum(i => i.Original.Size);
        _rows.Add(new LedgerRow("verify", _request.MainFile ?? ".", LedgerOutcome.Left, size, size) { Verified = LedgerCheck.Command, Code = ShrinkCodes.UntouchedFails, Reason = result.Detail });
        return false;
    }

    private string Main() => _request.MainFile is { } main ? _stage!.PathOf(main) : _stage!.Folder;

    private void Remove(List<(string Group, List<FoundFile> Files)> groups)
    {
        var changes = new List<Change>();
        foreach ((string group, List<FoundFile> files) in groups.Where(g => _request.RemoveGroups.Contains(g.Group)))
        {
            var change = new Change(new LedgerRow("remove", group, LedgerOutcome.Applied, 0, 0) { Files = files.Count, Reason = UnneededFiles.Describe(group) });
            foreach (FoundFile file in files) change.Parts.Add((_items.First(i => i.Path == file.Path), null));
            change.Row = change.Row with { Before = change.Parts.Sum(p => p.Item.Size) };
            changes.Add(change);
        }
        Judge(changes);
    }

    private void Make(StepUse use, List<Item> items)
    {
        var changes = new List<Change>();
        bool toolMissing = false;
        foreach (Item item in items)
        {
            if (item.IsRemoved) continue;
            _cancel.ThrowIfCancellationRequested();
            MadeStep made = _cache.Make(use.Step, _stage!.PathOf(item.Path), item.CurrentHash, item.Path, _request.Progress, _cancel);
            // Only of what the step is for: a folder has managed libraries by the hundred.
            if (made.Result.Outcome == StepOutcome.Applied && use.OnlyTested && IsLibrary(item) && !Loads(item))
            {
                Leave(use, item, new StepResult(StepOutcome.Refused, item.Size, item.Size, ShrinkCodes.NotLoadable, "it can't be loaded on this machine, so that nothing could be said about it afterwards"));
                continue;
            }
            if (made.Result.Outcome == StepOutcome.Applied)
            {
                var change = new Change(new LedgerRow(use.Step.Name, item.Path, LedgerOutcome.Applied, item.Size, made.Result.After) { Seconds = made.Seconds, Tool = made.Result.Tool });
                change.Parts.Add((item, made));
                changes.Add(change);
                continue;
            }
            // One missing tool is told once.
            Leave(use, item, made.Result, isToldAlready: toolMissing && made.Result.Outcome == StepOutcome.ToolMissing);
            toolMissing |= made.Result.Outcome == StepOutcome.ToolMissing;
        }
        foreach (Change change in Judge(changes))
        {
            if (use.MeasuresStartup && change.Parts[0].Item.Path == _request.MainFile) MeasureStartup(change);
        }
    }

    private static bool IsLibrary(Item item) => LoadTest.IsLibrary(item.Path);

    private bool Loads(Item item) => item.Loads ??= _request.Load is { } load && load.Check(_stage!.PathOf(item.Path), _cancel).Passed;

    private void Leave(StepUse use, Item item, StepResult result, bool isToldAlready = false)
    {
        // Most files have no symbols, and most are managed: that is as it should be.
        if (result.Code == StepCodes.StripNothing || (result.Code == StepCodes.PackManaged && use.Scope == StepScope.Others)) return;
        _rows.Add(new LedgerRow(use.Step.Name, item.Path, LedgerOutcome.Left, item.Size, item.Size) { Code = result.Code, Reason = result.Reason, Tool = result.Tool });
        bool isOdd = result.Outcome is StepOutcome.Failed or StepOutcome.ToolMissing;
        if (isOdd) _isFinal = false;
        if (isToldAlready || result.Code is null) return;
        FindingSeverity severity = isOdd && use.IsRequired ? FindingSeverity.Error
            // Of the main file it is news that it stays as it is; of the tenth library it is not.
            : isOdd || (result.Outcome == StepOutcome.Refused && item.Path == _request.MainFile && use.Scope == StepScope.Main) ? FindingSeverity.Warning
            : FindingSeverity.Message;
        Find(severity, result.Code, result.Outcome == StepOutcome.ToolMissing ? result.Reason ?? "" : $"{Capital(use.Step.Name)} {item.Path}: {result.Reason}");
    }

    /// <summary>
    /// Applies changes all at once and checks the artifact; where it fails, one by one, so that only what breaks it is
    /// undone. Returns those that stay.
    /// </summary>
    private List<Change> Judge(List<Change> changes)
    {
        var kept = new List<Change>();
        if (changes.Count == 0) return kept;
        // Whether libraries load untouched has to be seen before they are touched.
        foreach (Change change in changes)
        {
            foreach ((Item item, MadeStep? made) in change.Parts)
            {
                if (made is not null && IsLibrary(item)) Loads(item);
            }
        }
        foreach (Change change in changes) Apply(change);
        (bool passed, LedgerCheck check, string detail) = Check(changes);
        if (passed || changes.Count == 1)
        {
            foreach (Change change in changes) Settle(change, passed, check, detail, kept);
            return kept;
        }
        foreach (Change change in changes) Undo(change);
        foreach (Change change in changes)
        {
            Apply(change);
            (passed, check, detail) = Check([change]);
            Settle(change, passed, check, detail, kept);
        }
        return kept;
    }

    private void Settle(Change change, bool passed, LedgerCheck check, string detail, List<Change> kept)
    {
        if (passed)
        {
            Item first = change.Parts[0].Item;
            change.Before = (first.Output, first.Size, first.CurrentHash);
            foreach ((Item item, MadeStep? made) in change.Parts)
            {
                item.IsRemoved = made is null;
                if (made is null) continue;
                item.Output = made.Output;
                item.Size = made.Result.After;
                item.CurrentHash = made.Hash;
            }
            if (check == LedgerCheck.Load && !change.Parts.Exists(IsTested)) check = LedgerCheck.None;
            change.Row = change.Row with { Verified = check };
            _rows.Add(change.Row);
            kept.Add(change);
            return;
        }
        Undo(change);
        _isFinal = false;
        change.Row = change.Row with { Outcome = LedgerOutcome.Undone, Verified = check, Code = ShrinkCodes.Broke, Reason = detail };
        _rows.Add(change.Row);
        string what = change.Row.Step == "remove" ? $"Removing {change.Row.Files} files ({change.Row.Target}: {UnneededFiles.Describe(change.Row.Target)})" : $"{Capital(change.Row.Step)} {change.Row.Target}";
        string how = check == LedgerCheck.Load ? "the library can't be loaded afterwards" : "the verify command fails afterwards";
        Find(_request.VerifyRequired ? FindingSeverity.Error : FindingSeverity.Warning, ShrinkCodes.Broke, $"{what} was undone: {how} ({detail}). {HowToTurnOff(change.Row)}");
    }

    private static string HowToTurnOff(LedgerRow row) => row.Step switch
    {
        "remove" => $"Take '{row.Target}' out of BinarySizeRemoveFiles to turn it off.",
        "strip" => "BinarySizeStrip=false turns it off.",
        _ => "BinarySizePack=false turns it off.",
    };

    private void Apply(Change change)
    {
        foreach ((Item item, MadeStep? made) in change.Parts) change.Aside.Add(_stage!.Replace(item.Path, made is null ? null : _cache.PathOf(made.Output)));
    }

    private void Undo(Change change)
    {
        for (int i = 0; i < change.Parts.Count; i++) _stage!.Restore(change.Parts[i].Item.Path, change.Aside[i]);
        change.Aside.Clear();
    }

    private static bool IsTested((Item Item, MadeStep? Made) part) => part.Made is not null && IsLibrary(part.Item) && part.Item.Loads == true;

    private (bool Passed, LedgerCheck Check, string Detail) Check(List<Change> changes)
    {
        LedgerCheck check = LedgerCheck.None;
        foreach (Change change in changes)
        {
            foreach ((Item item, MadeStep? made) in change.Parts)
            {
                if (!IsTested((item, made))) continue;
                check = LedgerCheck.Load;
                CheckResult loaded = _request.Load!.Check(_stage!.PathOf(item.Path), _cancel);
                if (!loaded.Passed) return (false, check, loaded.Detail);
            }
        }
        if (_request.Verify is null) return (true, check, "");
        _request.Progress($"verify after {changes[0].Row.Step}");
        CheckResult result = _request.Verify.Check(Main(), _cancel);
        return (result.Passed, LedgerCheck.Command, result.Detail);
    }

    private void MeasureStartup(Change change)
    {
        if (_request.Startup is not { } probe) return;
        string main = change.Parts[0].Item.Path;
        _request.Progress($"measure start-up of {main}");
        StartupComparison? measured = probe.Compare(_stage!.CopyWith(main, change.Aside[0]), _stage.PathOf(main), _cancel);
        int row = _rows.IndexOf(change.Row);
        if (measured is null)
        {
            if (_request.StartupBudget is null) return;
            Retract(change, row, ShrinkCodes.StartupUnknown, "its start-up could not be measured, and BinarySizeStartupBudget asks for it");
            return;
        }
        change.Row = _rows[row] = change.Row with
        {
            StartupBefore = measured.TimeBefore,
            StartupAfter = measured.TimeAfter,
            MemoryBefore = measured.MemoryBefore,
            MemoryAfter = measured.MemoryAfter,
        };
        double factor = measured.TimeBefore > 0 ? measured.TimeAfter / measured.TimeBefore : 1;
        string times = string.Create(CultureInfo.InvariantCulture, $"it starts in {measured.TimeAfter:0.0} ms instead of {measured.TimeBefore:0.0} ms ({factor * 100:0}%)");
        if (_request.StartupBudget is { } budget)
        {
            if (factor > budget) Retract(change, row, ShrinkCodes.StartsTooSlowly, string.Create(CultureInfo.InvariantCulture, $"{times}, and BinarySizeStartupBudget allows {budget * 100:0}%"));
        }
        else if (factor > 2 && measured.TimeAfter - measured.TimeBefore > 5)
        {
            string advice = $"{times}. For what starts often or in many instances (commands, serverless, containers that share pages) packing is the wrong tool; without LZMA it starts sooner.";
            _rows.Add(new LedgerRow("pack", main, LedgerOutcome.Advice, change.Row.After, change.Row.After) { Code = ShrinkCodes.SlowStart, Reason = advice });
            Find(FindingSeverity.Message, ShrinkCodes.SlowStart, $"{main}: packed, {advice}");
        }
    }

    // Takes back a change that had stood its check.
    private void Retract(Change change, int row, string code, string reason)
    {
        Item item = change.Parts[0].Item;
        Undo(change);
        (item.Output, item.Size, item.CurrentHash) = change.Before;
        _rows[row] = change.Row with { Outcome = LedgerOutcome.Undone, Code = code, Reason = reason };
        Find(FindingSeverity.Warning, code, $"{Capital(change.Row.Step)} {item.Path} was undone: {reason}.");
    }

    private void NameUnneeded(List<(string Group, List<FoundFile> Files)> groups)
    {
        foreach ((string group, List<FoundFile> files) in groups)
        {
            // What was asked for stands in the ledger already, removed or undone.
            if (_rows.Exists(r => r.Step == "remove" && r.Target == group)) continue;
            // As they ship: some may be packed.
            (LedgerRow row, ShrinkFinding finding) = FolderLook.Advice(group, files, file => _items.Find(i => i.Path == file.Path)?.Size ?? file.Size);
            _rows.Add(row);
            _findings.Add(finding);
        }
    }

    // ---- What ships

    private ShrinkOutcome Commit(string key)
    {
        var ledger = new Ledger(_items.Sum(i => i.Original.Size) + Cut, _items.Where(i => !i.IsRemoved).Sum(i => i.Output.Length > 0 ? i.Size : i.Original.Size), _rows);
        foreach (Item item in _items)
        {
            FoundFile? now = item.IsLink ? item.Found : FolderWalker.Find(item.Found.FullPath, item.Path);
            if (now is not null && (now.Size, now.Modified) == (item.Found.Size, item.Found.Modified)) continue;
            Find(FindingSeverity.Warning, ShrinkCodes.Changed, $"'{item.Path}' changed while it was made smaller: two builds at once? What ships is left as it is.");
            return Unchanged(Walk());
        }
        bool hasOutputs = _items.Exists(i => i.Output.Length > 0 || i.IsRemoved), hadOutputs = _items.Exists(i => i.IsOurs);
        if (!hasOutputs && !hadOutputs && _request.Steps.Count == 0 && _request.RemoveGroups.Count == 0)
        {
            // Everything is turned off and everything is as the build published it.
            Forget();
            return Outcome(ledger, false);
        }
        Directory.CreateDirectory(_originals);
        foreach (Item item in _items)
        {
            if (item.Output.Length > 0) Keep(item);
        }
        // From here on an interruption leaves every file as one that the state knows: the original or an output of ours.
        // Whoever finds a state and no ledger makes everything again, from the cache; another session's ledger would be wrong.
        File.Delete(_ledgerFile);
        State(key, afterwards: false).Write(_stateFile);
        IO.AtomicFile.WriteBytes(_ledgerFile, LedgerJson.ToBytes(ledger));
        try
        {
            Exchange();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _findings.Clear();
            Find(FindingSeverity.Warning, ShrinkCodes.NotWritable, $"'{_folder}' can't be written to, and is as it was: {e.Message}");
            GiveBack();
            File.Delete(_stateFile);
            return Unchanged(Walk());
        }
        if (_request.Steps.Count == 0 && _request.RemoveGroups.Count == 0) Forget();
        else
        {
            State(key, afterwards: true).Write(_stateFile);
            Prune();
        }
        return Outcome(ledger, false);
    }

    private ShrinkState State(string key, bool afterwards) =>
        new(_folder, key, _isFinal, [.. _items.Select(i => new StateFile(i.Path, i.Original, i.Hash, i.Output, i.IsRemoved, Stamps(i, afterwards)))], _findings);

    private static Stamp[] Stamps(Item item, bool afterwards)
    {
        var stamps = new List<Stamp>();
        if (!afterwards && item.IsOurs) stamps.AddRange(item.Last!.Ours);
        if (item.Output.Length > 0) stamps.Add(new Stamp(item.Size, Younger(item)));
        return [.. stamps.Distinct()];
    }

    private static long Younger(Item item) => item.Original.Modified + s_younger.Ticks;

    // A copy: the original in the folder stays where it is until another is renamed over it.
    private void Keep(Item item)
    {
        string kept = OriginalOf(item.Hash);
        if (File.Exists(kept) && new FileInfo(kept).Length == item.Original.Size) return;
        string part = $"{kept}.{Guid.NewGuid():N}.part";
        try
        {
            File.Copy(item.Source, part);
            File.Move(part, kept, overwrite: true);
        }
        finally
        {
            File.Delete(part);
        }
    }

    private void Exchange()
    {
        Directory.CreateDirectory(_originals);
        foreach (Item item in _items)
        {
            _cancel.ThrowIfCancellationRequested();
            if (item.IsRemoved) Take(item);
            else if (item.Output.Length > 0)
            {
                if (IsInPlace(item)) continue;
                Keep(item);
                Put(_cache.PathOf(item.Output), item, Younger(item));
            }
            else if (item.IsOurs) Put(item.Source, item, item.Original.Modified);
        }
    }

    private void Take(Item item)
    {
        File.Delete(item.Found.FullPath);
        string? folder = Path.GetDirectoryName(item.Found.FullPath);
        while (folder is not null && folder.Length > _folder.Length && !Directory.EnumerateFileSystemEntries(folder).Any())
        {
            Directory.Delete(folder);
            folder = Path.GetDirectoryName(folder);
        }
    }

    // Beside the file, then renamed over it: a process that runs it keeps what it has open.
    private static void Put(string source, Item item, long time)
    {
        string target = item.Found.FullPath;
        string part = Path.Combine(Path.GetDirectoryName(target)!, $".{Guid.NewGuid():N}{TemporaryEnd}");
        try
        {
            File.Copy(source, part);
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(part, File.GetUnixFileMode(target));
            File.SetLastWriteTimeUtc(part, new DateTime(time, DateTimeKind.Utc));
            File.Move(part, target, overwrite: true);
        }
        finally
        {
            File.Delete(part);
        }
    }

    // After a failed exchange: what was exchanged already goes back, as far as that is possible.
    private void GiveBack()
    {
        foreach (Item item in _items)
        {
            if (item.Output.Length == 0 || !File.Exists(OriginalOf(item.Hash))) continue;
            try
            {
                if (FolderWalker.Find(item.Found.FullPath, item.Path) is { } now && now.Size != item.Original.Size) Put(OriginalOf(item.Hash), item, item.Original.Modified);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It is the shrunk one then, complete as well.
            }
        }
    }

    private void Forget()
    {
        File.Delete(_stateFile);
        File.Delete(_ledgerFile);
        if (Directory.Exists(_originals) && !Directory.EnumerateFiles(_request.StateDirectory, "*.state").Any()) Directory.Delete(_originals, recursive: true);
    }

    // Other folders (dotnet publish -o) have a state of their own here.
    private void Prune()
    {
        var states = new List<ShrinkState>();
        foreach (string file in Directory.EnumerateFiles(_request.StateDirectory, "*.state"))
        {
            if (ShrinkState.TryRead(file) is { } state && Directory.Exists(state.Folder)) states.Add(state);
            else File.Delete(file);
        }
        _cache.Prune(states.SelectMany(s => s.Files).Select(f => f.Output).Where(o => o.Length > 0));
        var originals = states.SelectMany(s => s.Files).Where(f => f.Output.Length > 0).Select(f => f.Hash).ToHashSet(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(_originals))
        {
            if (!originals.Contains(Path.GetFileName(file))) File.Delete(file);
        }
    }

    // Nothing was done: what ships is what lies there, be it what an earlier session made of it.
    private ShrinkOutcome Unchanged(List<FoundFile> found)
    {
        long size = found.Sum(f => f.Size);
        if (_items.Exists(i => i.IsOurs) && LedgerJson.TryRead(_ledgerFile) is { } ledger && ledger.After == size) return Outcome(ledger, false);
        var rows = _rows.Where(r => r.Outcome is LedgerOutcome.Left or LedgerOutcome.Advice || _request.Cuts.Contains(r)).ToList();
        _rows.Clear();
        _rows.AddRange(rows);
        return Outcome(new Ledger(size + Cut, size, _rows), false);
    }

    private ShrinkOutcome Outcome(Ledger ledger, bool isRepeated)
    {
        bool isEmpty = ledger.Rows.Count == 0;
        try
        {
            if (!isEmpty || File.Exists(_stateFile)) IO.AtomicFile.WriteBytes(_ledgerFile, LedgerJson.ToBytes(ledger));
            else if (File.Exists(_ledgerFile)) File.Delete(_ledgerFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The disk is full or read-only, which was said where it mattered: the report does without.
            isEmpty = true;
        }
        var packed = ledger.Rows.Where(r => r.Outcome == LedgerOutcome.Applied && r.Step == "pack").Select(r => r.Target).ToHashSet(StringComparer.Ordinal);
        var unpacked = _items.Where(i => packed.Contains(i.Path)).ToDictionary(i => i.Path, i => OriginalOf(i.Hash), StringComparer.Ordinal);
        return new ShrinkOutcome(ledger, _findings, isEmpty ? "" : _ledgerFile, isRepeated, unpacked);
    }

    private FileStream? Wait()
    {
        string path = Path.Combine(_request.StateDirectory, "lock");
        long begin = Environment.TickCount64;
        bool isTold = false;
        while (true)
        {
            _cancel.ThrowIfCancellationRequested();
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            // A full or read-only disk is no reason to wait.
            catch (IOException e) when (IsTaken(e) && Environment.TickCount64 - begin < s_longestWait.TotalMilliseconds)
            {
                if (!isTold) _request.Progress("another build works on the same project; waiting for it");
                isTold = true;
                _cancel.WaitHandle.WaitOne(s_pause);
            }
            catch (IOException e) when (IsTaken(e))
            {
                return null;
            }
        }
    }

    // Another has it open: EWOULDBLOCK of Linux and macOS, the sharing violation of Windows.
    private static bool IsTaken(IOException e) => OperatingSystem.IsWindows() ? (e.HResult & 0xFFFF) is 32 or 33 : e.HResult is 11 or 35;

    private void Find(FindingSeverity severity, string code, string message) => _findings.Add(new ShrinkFinding(severity, code, message));

    private static string Capital(string word) => word.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..];
}
