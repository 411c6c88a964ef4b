using System.Globalization;
using BinarySize.Artifacts;
using BinarySize.Gate;
using BinarySize.Rendering;
using BinarySize.Shrinking;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Task = Microsoft.Build.Utilities.Task;

namespace BinarySize.Build;

/// <summary>
/// Makes what was published smaller: takes files out that nobody needs, strips, packs, and verifies each step. Where
/// nothing changed since the last time nothing is made. Fails only for what the project requires.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class ShrinkArtifact : Task, ICancelableTask, IDisposable
{
    private const string Unexpected = "BSZ5299", BadValue = "BSZ1005", BadSize = "BSZ1001";

    private readonly CancellationTokenSource _cancel = new();
    private readonly List<string> _watched = [];

    /// <summary>The publish folder.</summary>
    [Required]
    public ITaskItem Folder { get; set; } = null!;

    /// <summary>A folder of the intermediate output, for what is kept between builds.</summary>
    [Required]
    public ITaskItem StateDirectory { get; set; } = null!;

    /// <summary>Where reports go: not part of what ships, even where it lies in the folder.</summary>
    [Required]
    public ITaskItem ReportDirectory { get; set; } = null!;

    /// <summary>Full path of the project, the location of every diagnostic.</summary>
    [Required]
    public string ProjectFile { get; set; } = "";

    /// <summary>Names that the main file may have, the first that exists is it.</summary>
    public string MainFiles { get; set; } = "";

    /// <summary>The main file comes from the NativeAOT compiler.</summary>
    public bool IsNativeAot { get; set; }

    /// <summary>Files with metadata RelativePath, NuGetPackageId and NuGetPackageVersion: where the folder's files come from.</summary>
    public ITaskItem[] PackageFiles { get; set; } = [];

    public string? RuntimeIdentifier { get; set; }

    /// <summary>RID of the SDK: the platform that the build runs on.</summary>
    public string? HostRuntimeIdentifier { get; set; }

    /// <summary>Groups of files that go: "symbols;docs", "none".</summary>
    public string RemoveFiles { get; set; } = "";

    public bool Strip { get; set; }

    public bool Pack { get; set; }

    public string PackLevel { get; set; } = "";

    public bool PackLzma { get; set; }

    public bool PackRequired { get; set; }

    public string? UpxPath { get; set; }

    public string? VerifyCommand { get; set; }

    public bool VerifyRequired { get; set; }

    /// <summary>Seconds that one run of the verify command is given.</summary>
    public string VerifyTimeout { get; set; } = "";

    /// <summary>Start-up of the packed executable relative to the unpacked one: "150%".</summary>
    public string? StartupBudget { get; set; }

    /// <summary>The dotnet host, for tests that load libraries.</summary>
    public string? DotnetHost { get; set; }

    /// <summary>Cuts that were asked for, as VerifyCuts left them: rows of the ledger.</summary>
    public ITaskItem[] Cuts { get; set; } = [];

    /// <summary>Where the ledger lies; empty where there is nothing in it.</summary>
    [Output]
    public string LedgerFile { get; set; } = "";

    /// <summary>Packed files as they were before, with their path in the folder as metadata RelativePath.</summary>
    [Output]
    public ITaskItem[] Unpacked { get; set; } = [];

    /// <summary>True where there was nothing to warn of: the next build, if nothing changed, need not ask again.</summary>
    [Output]
    public bool IsQuiet { get; set; }

    /// <summary>Files outside the folder that the outcome depends on: UPX, objcopy, scripts of the verify command.</summary>
    [Output]
    public ITaskItem[] Watched { get; set; } = [];

    /// <inheritdoc/>
    public void Cancel()
    {
        try
        {
            _cancel.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    public void Dispose() => _cancel.Dispose();

    /// <inheritdoc/>
    public override bool Execute()
    {
        try
        {
            if (Request() is not { } request) return false;
            if (!Directory.Exists(request.Folder)) return true;
            ShrinkOutcome outcome = ShrinkSession.Run(request, _cancel.Token);
            LedgerFile = outcome.LedgerFile;
            Unpacked = [.. outcome.Unpacked.Select(u => new TaskItem(u.Value, new Dictionary<string, string> { ["RelativePath"] = u.Key }))];
            IsQuiet = true;
            foreach (ShrinkFinding finding in outcome.Findings)
            {
                IsQuiet &= finding.Severity == FindingSeverity.Message;
                Say(finding.Severity, finding.Code, finding.Message);
            }
            Watched = [.. _watched.Select(f => new TaskItem(f))];
            if (outcome.Ledger.HasSavings && !outcome.IsRepeated)
            {
                Log.LogMessage(MessageImportance.Normal, string.Create(CultureInfo.InvariantCulture, $"BinarySize: {outcome.Ledger.Before:N0} B before shrinking, {outcome.Ledger.After:N0} B after"));
            }
        }
        catch (OperationCanceledException)
        {
            Log.LogMessage(MessageImportance.High, "BinarySize: shrinking was cancelled; what was not shrunk yet is as it was.");
            return false;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Shrinking must never break a build that works; the details help to mend it.
            Log.LogMessage(MessageImportance.Low, Escape.LogLine(e.ToString().ReplaceLineEndings(" | ")));
            Say(FindingSeverity.Warning, Unexpected, $"What ships could not be made smaller: {e.GetType().Name}: {e.Message}");
        }
        return !Log.HasLoggedErrors;
    }

    private ShrinkRequest? Request()
    {
        string folder = Path.TrimEndingDirectorySeparator(Folder.GetMetadata("FullPath")), state = StateDirectory.GetMetadata("FullPath"), project = Path.GetDirectoryName(ProjectFile)!;
        string? main = MainFileIn(folder, MainFiles);
        List<string> groups = [.. RemoveFiles.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(g => g.ToLowerInvariant()).Where(g => g != "none").Distinct()];
        foreach (string unknown in groups.Where(g => !UnneededFiles.Groups.Contains(g)))
        {
            Wrong("BinarySizeRemoveFiles", BadValue, $"Property BinarySizeRemoveFiles names '{unknown}'. Known are: {string.Join(", ", UnneededFiles.Groups)}, none.");
        }
        string level = PackLevel.Length == 0 ? "9" : PackLevel;
        if (!PackOptions.Levels.Contains(level)) Wrong("BinarySizePackLevel", BadValue, $"Property BinarySizePackLevel is '{level}'. Known are: {string.Join(", ", PackOptions.Levels)}.");
        if (!TryTimeout(VerifyTimeout, out TimeSpan limit))
        {
            Wrong("BinarySizeVerifyTimeout", BadValue, $"Property BinarySizeVerifyTimeout is '{VerifyTimeout}'; it is a number of seconds.");
        }
        double? budget = null;
        if (!string.IsNullOrWhiteSpace(StartupBudget))
        {
            string text = StartupBudget.Trim();
            if (text.EndsWith('%') && double.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent) && percent is >= 100 and < 1e6) budget = percent / 100;
            else Wrong("BinarySizeStartupBudget", BadSize, $"Property BinarySizeStartupBudget is '{StartupBudget}'; it is a percentage of the unpacked start-up, not below 100%: 150%.");
        }
        if (Log.HasLoggedErrors) return null;

        Dictionary<string, PackageIdentity> packages = MeasureArtifact.Packages(PackageFiles);
        var verify = string.IsNullOrWhiteSpace(VerifyCommand) ? null : new Shrinking.VerifyCommand(VerifyCommand, new ToolOptions { WorkingDirectory = project, Timeout = limit, Environment = VariablesOf(DotnetHost) });
        if (verify is not null) _watched.AddRange(verify.Files());
        bool verifies = verify is not null, mainIsLibrary = main is not null && LoadTest.IsLibrary(main);
        return new ShrinkRequest
        {
            Folder = folder,
            StateDirectory = state,
            Exclude = ReportDirectory.GetMetadata("FullPath"),
            MainFile = main,
            IsNativeAot = IsNativeAot,
            RemoveGroups = groups,
            Steps = Steps(level, mainIsLibrary, Path.Combine(state, "symbols")),
            Context = new UnneededContext(path => packages.GetValueOrDefault(path), RuntimeIdentifier, HostRuntimeIdentifier),
            Verify = verify,
            VerifyRequired = VerifyRequired,
            Load = !string.IsNullOrEmpty(DotnetHost) && File.Exists(DotnetHost) ? new LoadTest(DotnetHost, typeof(ShrinkArtifact).Assembly.Location) : null,
            // Without a command nothing of the project's is run unasked: it might serve for ever, or do something.
            Startup = Pack && !mainIsLibrary && (verifies || budget is not null) ? new StartupProbe(verifies ? VerifyCommand : null, project, limit) : null,
            StartupBudget = budget,
            Cuts = [.. Cuts.Select(CutRows.ToLedger)],
            Progress = text => Log.LogMessage(MessageImportance.High, "{0}", Escape.LogLine($"BinarySize: {Path.GetFileNameWithoutExtension(ProjectFile)}: {text}")),
        };
    }

    private List<StepUse> Steps(string level, bool mainIsLibrary, string symbols)
    {
        var steps = new List<StepUse>();
        if (Strip)
        {
            var strip = new StripStep(new StripOptions { SymbolsDirectory = symbols });
            _watched.AddRange(strip.Tools);
            steps.Add(new StepUse(strip));
        }
        if (!Pack) return steps;
        var options = new PackOptions { Level = level, Lzma = PackLzma, UpxPath = FromProject(UpxPath), Required = PackRequired };
        string? upx = ExternalTool.Find(["upx", "upx-ucl"], options.UpxPath);
        if (upx is not null) _watched.Add(upx);
        FileInfo? file = upx is null ? null : new FileInfo(File.ResolveLinkTarget(upx, returnFinalTarget: true)?.FullName ?? upx);
        string fingerprint = string.Create(CultureInfo.InvariantCulture, $"{level}\t{PackLzma}\t{upx}\t{file?.Length}\t{file?.LastWriteTimeUtc.Ticks}");
        // What is loaded dies of LZMA: libraries are packed without it, whatever the executable is packed with.
        steps.Add(new StepUse(new PackStep(mainIsLibrary ? options with { Lzma = false } : options), StepScope.Main) { OnlyTested = mainIsLibrary, MeasuresStartup = true, IsRequired = PackRequired, Fingerprint = fingerprint });
        steps.Add(new StepUse(new PackStep(options with { Lzma = false }), StepScope.Others) { OnlyTested = true, IsRequired = PackRequired, Fingerprint = fingerprint });
        return steps;
    }

    // A path is relative to the project, whatever folder the build was started in; a mere name is looked up.
    private string? FromProject(string? program) =>
        !string.IsNullOrEmpty(program) && program.AsSpan().ContainsAny('/', '\\') ? Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ProjectFile)!, program)) : program;

    /// <summary>Variables for the project's command: framework-dependent programs find the .NET that builds them, unless the environment says otherwise.</summary>
    internal static Dictionary<string, string?> VariablesOf(string? dotnetHost)
    {
        var variables = new Dictionary<string, string?>();
        if (!string.IsNullOrEmpty(dotnetHost) && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("DOTNET_ROOT"))) variables["DOTNET_ROOT"] = Path.GetDirectoryName(dotnetHost);
        return variables;
    }

    /// <summary>A number of seconds; five minutes where there is none.</summary>
    internal static bool TryTimeout(string text, out TimeSpan limit) => Shrinking.VerifyCommand.TryParseLimit(text.Length == 0 ? "300" : text, out limit);

    /// <summary>The first of several names, between ';', that a folder has; null where it has none.</summary>
    internal static string? MainFileIn(string folder, string names) =>
        names.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault(f => File.Exists(Path.Combine(folder, f)));

    private void Wrong(string property, string code, string message)
    {
        SourceAt(property, out string file, out int line, out int column);
        Log.LogError(null, code, null, MeasureArtifact.HelpRoot + code + ".md", file, line, column, 0, 0, "{0}", Escape.LogLine(message));
    }

    private void SourceAt(string property, out string file, out int line, out int column)
    {
        Budgets.SourceLocation at = ProjectSource.FindProperty(ProjectFile, property);
        (file, line, column) = (at.File, at.Line, at.Column);
    }

    private void Say(FindingSeverity severity, string code, string message)
    {
        string text = Escape.LogLine(message), link = MeasureArtifact.HelpRoot + code + ".md";
        if (severity == FindingSeverity.Error) Log.LogError(null, code, null, link, ProjectFile, 0, 0, 0, 0, "{0}", text);
        else if (severity == FindingSeverity.Warning) Log.LogWarning(null, code, null, link, ProjectFile, 0, 0, 0, 0, "{0}", text);
        else Log.LogMessage(null, code, null, ProjectFile, 0, 0, 0, 0, MessageImportance.Normal, "{0}", text);
    }
}
