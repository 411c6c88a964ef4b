using System.Globalization;
using System.Text.RegularExpressions;
using BinarySize.IO;

namespace BinarySize.Shrinking;

/// <summary>
/// Packs a native program with UPX: the file holds itself compressed and unpacks into memory when it starts. What does not
/// run when it is packed is refused, each with its own code and reason; nothing is ever forced. Single-file bundles are
/// packed by their host, and the bundle is moved up behind it. UPX's own test, and a look at the headers, stand between the
/// result and the output.
/// </summary>
public sealed partial class PackStep : IFileStep
{
    // Part of the key of what is kept: higher with every change to what comes out.
    private const int Revision = 1;

    /// <summary>UPX takes options from a variable, where a user may have put --force.</summary>
    internal static IReadOnlyDictionary<string, string?> ToolEnvironment { get; } = new Dictionary<string, string?> { ["UPX"] = null, ["LC_ALL"] = "C" };

    private readonly PackOptions _options;
    private readonly Lock _lock = new();
    private UpxLookup? _lookup;

    /// <summary>A step with these options. UPX is looked up when it is first needed.</summary>
    /// <exception cref="ArgumentException">The level is none of <see cref="PackOptions.Levels"/>.</exception>
    public PackStep(PackOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!PackOptions.Levels.Contains(options.Level)) throw new ArgumentException($"'{options.Level}' is no level: {string.Join(", ", PackOptions.Levels)}", nameof(options));
        _options = options;
    }

    /// <inheritdoc/>
    public string Name => "pack";

    /// <inheritdoc/>
    public string Settings => string.Create(CultureInfo.InvariantCulture, $"pack {Revision}; level {_options.Level}; lzma {_options.Lzma}; {Lookup(CancellationToken.None).Tool?.Name ?? "no UPX"}");

    /// <summary>UPX as it was found; looked up once.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public UpxLookup Lookup(CancellationToken cancel)
    {
        lock (_lock) return _lookup ??= UpxTool.Find(_options.UpxPath, _options.SearchPath, cancel);
    }

    /// <inheritdoc/>
    public bool Considers(string path)
    {
        if (!PackTarget.IsKind(NativeFile.FormatOf(path))) return false;
        return !path.EndsWith(".dbg", StringComparison.OrdinalIgnoreCase) && !path.EndsWith(".debug", StringComparison.OrdinalIgnoreCase);
    }

    /// <inheritdoc/>
    public StepResult Apply(string input, string output, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        cancel.ThrowIfCancellationRequested();
        long before = new FileInfo(input).Length;
        if (SpecialFile.Problem(input) is { } special) return new StepResult(StepOutcome.Refused, before, before, StepCodes.PackSpecialFile, $"It is left alone: {special}.");
        using StepFolder folder = StepFolder.Beside(output);
        string original = folder.Copy(input, "original");
        using FileView view = FileView.Open(original);
        before = view.Length;
        PackTarget target = PackTarget.Inspect(input, view.Bytes, _options.Lzma);
        if (target.Refusal is { } refusal) return new StepResult(StepOutcome.Refused, before, before, refusal.Code, refusal.Reason);
        UpxLookup lookup = Lookup(cancel);
        if (lookup.Tool is not { } upx) return new StepResult(StepOutcome.ToolMissing, before, before, lookup.Code, lookup.Reason);

        var job = new Job(upx, folder, view.Bytes, target, cancel);
        StepResult? failure = target.Bundle is { } bundle ? PackBundle(job, bundle) : PackFile(job, "original", "packed", view.Bytes);
        if (failure is not null) return failure with { Before = before, After = before, Tool = upx.Name };
        long after = new FileInfo(folder["packed"]).Length;
        if (after >= before) return NoGain($"Packed it would take {after} bytes instead of {before}.") with { Before = before, After = before, Tool = upx.Name };
        folder.Deliver("packed", output, input);
        return new StepResult(StepOutcome.Applied, before, after, Tool: upx.Name);
    }

    private sealed record Job(UpxTool Upx, StepFolder Folder, ByteView Bytes, PackTarget Target, CancellationToken Cancel);

    /// <summary>
    /// The host holds the offset of the bundle's header, and holds it compressed once it is packed; and the offset depends
    /// on how large the packed host is. So it is packed once to learn its size, and again with the offset that follows from
    /// it; the few bytes that the size may change by are padded.
    /// </summary>
    private StepResult? PackBundle(Job job, Formats.Bundle.BundleFile bundle)
    {
        long reserve = 0, distance = 0, room = 0;
        for (int attempt = 0; attempt < 5; attempt++)
        {
            BundleShift.WriteHost(job.Bytes, bundle, distance, job.Folder["host"]);
            File.Delete(job.Folder["packed-host"]);
            using (FileView host = FileView.Open(job.Folder["host"]))
            {
                if (PackFile(job, "host", "packed-host", host.Bytes) is { } failure) return failure;
            }
            long size = new FileInfo(job.Folder["packed-host"]).Length;
            if (attempt > 0 && size <= room)
            {
                BundleShift.WriteAll(job.Bytes, bundle, job.Folder["packed-host"], distance, job.Folder["packed"]);
                return null;
            }
            distance = BundleShift.Distance(bundle, size + reserve);
            if (distance <= 0) return NoGain("Its host would not get smaller.");
            room = BundleShift.FirstByte(bundle) - distance;
            reserve = (reserve + 64) * 2;
        }
        return Failed(StepCodes.UpxFailed, "the size of the packed host does not settle");
    }

    /// <summary>Packs and tests one file of the job's folder; null where all went well.</summary>
    private StepResult? PackFile(Job job, string from, string to, ByteView before)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(job.Folder[from], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        List<string> arguments = [_options.Level.Length == 1 ? "-" + _options.Level : "--" + _options.Level];
        if (_options.Lzma) arguments.Add("--lzma");
        // The brute levels try LZMA too.
        else if (job.Target.IsLibrary) arguments.Add("--no-lzma");
        arguments.AddRange(["-qq", "--no-color", "--no-progress", "--no-backup", "--no-time", "-o", job.Folder[to], job.Folder[from]]);
        if (RunUpx(job, arguments) is { } failure) return failure;
        if (!File.Exists(job.Folder[to])) return Failed(StepCodes.UpxFailed, "it ended without an error and left no output");
        if (RunUpx(job, ["-t", "-qq", "--no-color", job.Folder[to]]) is { } test) return test with { Outcome = StepOutcome.Failed, Code = StepCodes.UpxFailed, Reason = "What UPX made does not stand its own test. " + test.Reason };
        using FileView after = FileView.Open(job.Folder[to]);
        return PackTarget.Check(before, after.Bytes, job.Target.IsLibrary) is { } problem ? Failed(StepCodes.UpxFailed, "what it made can't run: " + problem) : null;
    }

    private StepResult? RunUpx(Job job, List<string> arguments)
    {
        ToolRun run = ExternalTool.Run(job.Upx.Path, arguments, new ToolOptions { Timeout = _options.Timeout, Environment = ToolEnvironment, WorkingDirectory = job.Folder["."] }, job.Cancel);
        if (run.Succeeded) return null;
        if (run.End == ToolEnd.TimedOut) return Failed(StepCodes.UpxTimedOut, string.Create(CultureInfo.InvariantCulture, $"it was ended after {_options.Timeout.TotalSeconds:0.#} s"));
        // "upx: FILE: SomeException: some reason"; its own private path says nothing to anybody.
        foreach (string line in run.Errors.Concat(run.Output))
        {
            if (Complaint().Match(line) is not { Success: true } match) continue;
            string exception = match.Groups[1].Value, reason = match.Groups[2].Value;
            switch (exception)
            {
                case "AlreadyPackedException":
                    return new StepResult(StepOutcome.Refused, 0, 0, StepCodes.PackPacked, "It is packed with UPX already.");
                case "NotCompressibleException":
                    return NoGain("UPX can't make it smaller.");
                case "CantPackException" when reason.Contains("GUARD_CF", StringComparison.Ordinal):
                    return new StepResult(StepOutcome.Refused, 0, 0, StepCodes.PackControlFlowGuard, "It carries Control Flow Guard, and UPX refuses it; it is never forced.");
                case "UnknownExecutableFormatException":
                    return new StepResult(StepOutcome.Refused, 0, 0, StepCodes.PackTarget, "UPX does not know this kind of program.");
                default:
                    return Failed(StepCodes.UpxFailed, exception + (reason.Length > 0 ? ": " + reason : ""));
            }
        }
        return Failed(StepCodes.UpxFailed, run.Describe());
    }

    private static StepResult Failed(string code, string what) => new(StepOutcome.Failed, 0, 0, code, $"UPX: {what}. The original stays as it is.");

    private static StepResult NoGain(string reason) => new(StepOutcome.NoGain, 0, 0, StepCodes.PackNoGain, reason);

    [GeneratedRegex(@"^upx\S*: .*?(\w+Exception)(?:: (.*))?$")]
    private static partial Regex Complaint();
}
