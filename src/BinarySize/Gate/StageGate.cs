using System.Globalization;
using System.Runtime.InteropServices;
using BinarySize.Artifacts;
using BinarySize.Attribution.Packages;
using BinarySize.Budgets;
using BinarySize.IO;
using BinarySize.Mapping;
using BinarySize.Rendering;
using BinarySize.Rendering.Ci;
using BinarySize.Reports;
using BinarySize.Shrinking;
using Stage = BinarySize.Budgets.Stage;

namespace BinarySize.Gate;

/// <summary>What the gate came to.</summary>
/// <param name="State">What there is to say.</param>
/// <param name="IsLasting">False where the next build had better measure again: what could not be read or written may be possible then, without a trace in the key.</param>
public sealed record GateOutcome(GateState State, bool IsLasting);

/// <summary>Asks what keeps an assembly or a package in an app, and returns a sentence; null where nobody knows.</summary>
/// <param name="name">The assembly or package.</param>
/// <param name="artifact">What was measured.</param>
/// <param name="packages">Who brought which package; null where that is not known.</param>
public delegate string? WhyKept(string name, MeasuredArtifact artifact, PackageGraph? packages);

/// <summary>Measures what a stage of the build produced, holds the budgets against it and writes its reports.</summary>
public sealed class StageGate
{
    private const string ReportNotWritten = "BSZ4010";

    private readonly GateRequest _request;
    private readonly StageFiles _files;
    private readonly WhyKept _why;
    private readonly List<BudgetFinding> _findings = [];
    private readonly List<MapWarning> _warnings = [];
    private readonly List<GateRemark> _remarks = [];
    private Ledger? _ledger;

    // Read where somebody asks how a package came in.
    private readonly Lazy<PackageGraph?> _packages;

    // Below these a second thread costs more than it saves: files that are looked into, and others.
    private const int ManyFiles = 8, ManyShallowFiles = 1000;

    private readonly FileAccessMode _access;

    private StageGate(GateRequest request, WhyKept why, FileAccessMode access)
    {
        _request = request;
        _files = StageFiles.Find(request);
        _why = why;
        _access = access;
        _packages = new(() => request.AssetsFile is null ? null : PackageGraph.TryRead(request.AssetsFile, Blank(request.TargetFramework)));
    }

    /// <summary>Measures, judges, writes.</summary>
    /// <param name="request">What there is to do.</param>
    /// <param name="why">Asked at most once a budget, and only for one that failed.</param>
    /// <param name="access">How files are read: mapped only in a process that may die of a file that is cut off meanwhile.</param>
    public static GateOutcome Run(GateRequest request, WhyKept why, FileAccessMode access = FileAccessMode.Copy)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(why);
        return new StageGate(request, why, access).Run();
    }

    private GateOutcome Run()
    {
        List<Budget> budgets = BudgetParser.Parse(_request.Budget, ShorthandLocation(), Sources(), _findings);
        List<ReportFormat> formats = Formats();
        if (!CiSystems.TryParse(_request.Ci, _request.Baseline.Variables, out CiSystem system))
        {
            _findings.Add(new("BSZ1005", true, $"Property BinarySizeCi is '{_request.Ci}'. Known are: auto, {string.Join(", ", CiSystems.Names)}.", ProjectSource.FindProperty(_request.ProjectFile, "BinarySizeCi")));
        }
        BinaryInputs? inputs = _request.Mstat is null ? null : new BinaryInputs
        {
            Mstat = File.Exists(_request.Mstat) ? _request.Mstat : null,
            KeptDebugFile = _request.NativeSymbols,
            PackageOfAssembly = assembly => _request.CompiledPackages.GetValueOrDefault(assembly),
        };
        bool inDepth = budgets.Any(b => b.Scope is BudgetScope.Assembly or BudgetScope.Namespace or BudgetScope.Type && b.HoldsAt(_request.Stage));
        var options = new MeasureOptions
        {
            Access = _access,
            Parallelism = _files.Artifacts.Sum(a => a.Files.Count) < (inDepth ? ManyFiles : ManyShallowFiles) ? 1 : Math.Max(1, Environment.ProcessorCount),
            PackageOf = path => _request.Packages.GetValueOrDefault(path),
            InputsOf = _ => inputs,
            PackedFrom = path => _request.Unpacked.GetValueOrDefault(path),
            // Framework assemblies by the hundred are not worth looking into unless a budget asks for what is in them.
            WithOwners = inDepth ? _ => true : _request.IsCompiledAheadOfTime,
            LookInside = budgets.Any(b => b.Scope is BudgetScope.Assembly or BudgetScope.Namespace or BudgetScope.Type or BudgetScope.Section),
            EntryPackages = _request.EntryPackages,
        };
        var artifacts = new List<MeasuredArtifact>();
        try
        {
            foreach (StageArtifact artifact in _files.Artifacts)
            {
                _warnings.AddRange(artifact.Warnings);
                if (artifact.Exists) artifacts.Add(Measurer.Measure(artifact.Path, artifact.Kind, artifact.Files, [], options));
            }
            _ledger = _request.Ledger is null ? Look() : LedgerJson.TryRead(_request.Ledger);
            return Judge(artifacts, budgets, formats, system != CiSystem.None);
        }
        finally
        {
            foreach (MeasuredArtifact artifact in artifacts) artifact.Dispose();
        }
    }

    // What is in the folder without being needed, as the ledger has it; null where there is nothing of that.
    private Ledger? Look()
    {
        if (_request.Look is not { } look || _files.Artifacts[0].Files.Count == 0) return null;
        var context = new UnneededContext(path => _request.Packages.GetValueOrDefault(path), Blank(_request.RuntimeIdentifier), Blank(look.HostRuntimeIdentifier));
        Ledger ledger;
        IReadOnlyList<ShrinkFinding> findings;
        try
        {
            (ledger, findings) = FolderLook.At(_files.Artifacts[0].Files, look.MainFile, look.IsNativeAot, context, _access);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Measuring said so.
            return null;
        }
        foreach (ShrinkFinding finding in findings)
        {
            if (finding.Severity == FindingSeverity.Message) _remarks.Add(new GateRemark(finding.Code, Escape.LogLine(finding.Message)));
            else _findings.Add(new BudgetFinding(finding.Code, finding.Severity == FindingSeverity.Error, finding.Message, null));
        }
        return ledger.Rows.Count == 0 ? null : ledger;
    }

    private GateOutcome Judge(List<MeasuredArtifact> artifacts, List<Budget> budgets, List<ReportFormat> formats, bool isTold)
    {
        var results = new List<ReportBudget>();
        var notes = new List<string>();
        Snapshot? snapshot = null;
        if (artifacts.Count > 0)
        {
            snapshot = _request.Baseline.SnapshotOf(artifacts);
            var compressed = new CompressedSizes(Path.Combine(_request.StateDirectory, "compressed.cache"));
            results = BudgetJudge.Judge(budgets, new JudgeContext
            {
                Stage = _request.Stage,
                Artifacts = artifacts,
                Configuration = string.Join('/', ((string?[])[_request.TargetFramework, _request.RuntimeIdentifier, _request.Configuration]).Where(s => !string.IsNullOrEmpty(s))),
                KnownElsewhere = new KnownNames(_request, _files.Artifacts).Of,
                // What a nupkg or an image holds stood in the build or publish output before, which was judged.
                JudgedElsewhere = _request.Stage is Stage.Pack or Stage.Container || _request.IsBeforePublish,
                PathToPackage = package => _packages.Value?.PathTo(package) ?? [],
                WhyKept = name => _why(name, artifacts[0], _packages.Value),
                Compressed = compressed,
                Snapshot = snapshot,
                Growth = _request.Baseline.Load(budgets, _request.Stage, _findings),
                Notes = notes,
            }, _findings);
            compressed.Save();
            if (_request.Baseline.Write(snapshot, _findings) is { } note) notes.Add(note);
        }
        foreach (MeasuredArtifact artifact in artifacts) _warnings.AddRange(artifact.Warnings);

        var report = new Report(
            [.. artifacts.Select(a => new ReportArtifact(a.Path, a.Kind, a.Size, a.Files.Count, TreeBuilder.Build(a, ReportLevels), a.Warnings))],
            results,
            new ReportToolchain(Path.GetFileNameWithoutExtension(_request.ProjectFile), _request.Stage.ToString(), Blank(_request.TargetFramework), Blank(_request.RuntimeIdentifier), Blank(_request.Configuration), Blank(_request.SdkVersion), _request.ToolVersion ?? ""))
        {
            Snapshots = snapshot is null ? [] : [snapshot],
            Ledger = _ledger,
        };
        IReadOnlyList<string> written = [];
        if (artifacts.Count > 0)
        {
            try
            {
                written = ReportWriter.Write(report, _request.ReportDirectory, formats);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _warnings.Add(new MapWarning(ReportNotWritten, $"Reports could not be written to '{_request.ReportDirectory}': {e.Message}"));
            }
        }

        // Rendering a large report takes a while: only where somebody listens.
        CiMessage? message = isTold ? CiMessage.Of(report, []) : null;
        var state = new GateState(_files.Key, Summary(report), [.. ConsoleReport.Render(report, TableOptions(report)).Split('\n', StringSplitOptions.RemoveEmptyEntries), .. notes.Select(n => Escape.LogLine(n))], Said(), [.. _remarks], [.. written], message);
        return new GateOutcome(state, !_warnings.Exists(w => w.Code is MapWarningCodes.Unreadable or MapWarningCodes.Changed or ReportNotWritten));
    }

    private CiFinding[] Said()
    {
        var said = new List<CiFinding>();
        foreach (MapWarning warning in _warnings) said.Add(new CiFinding(false, warning.Code, Escape.LogLine(warning.Message), _request.ProjectFile, 0, 0));
        foreach (BudgetFinding finding in _findings)
        {
            SourceLocation at = finding.Location ?? new SourceLocation(_request.ProjectFile, 0, 0);
            said.Add(new CiFinding(finding.IsError, finding.Code, Escape.LogLine(finding.Message), at.File, at.Line, at.Column));
        }
        return [.. said];
    }

    // The line that the terminal logger shows for a project: it looks for the arrow behind the project's name.
    private string Summary(Report report)
    {
        if (report.Artifacts.Count == 0) return "";
        ReportArtifact main = report.Artifacts[0];
        string path = _files.Artifacts[0].FullPath + (main.Kind == ArtifactKind.Folder ? Path.DirectorySeparatorChar.ToString() : "");
        string count = main.FileCount == 1 ? "1 file" : string.Create(CultureInfo.InvariantCulture, $"{main.FileCount} files");
        return $"{Escape.LogLine(Path.GetFileNameWithoutExtension(_request.ProjectFile))} -> {Escape.LogLine(path)} ({ByteSize.Format(main.Size)}, {count})";
    }

    private SourceLocation ShorthandLocation() =>
        string.IsNullOrEmpty(_request.Budget) ? new SourceLocation(_request.ProjectFile, 0, 0) : ProjectSource.FindProperty(_request.ProjectFile, "BinarySizeBudget");

    private List<BudgetSource> Sources()
    {
        var sources = new List<BudgetSource>(_request.Budgets.Count);
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (BudgetItem item in _request.Budgets)
        {
            string file = item.File.Length == 0 ? _request.ProjectFile : item.File;
            // Items keep the order of the file: the second of a name is the second element that has it.
            ref int before = ref CollectionsMarshal.GetValueRefOrAddDefault(seen, $"{file}\n{item.Name.ToUpperInvariant()}", out _);
            sources.Add(new BudgetSource(item.Name, item.Metadata, ProjectSource.Find(file, "BinarySizeBudget", item.Name, before++)));
        }
        return sources;
    }

    private List<ReportFormat> Formats()
    {
        var formats = new List<ReportFormat>();
        foreach (string name in _request.ReportFormats.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (ReportWriter.TryParse(name, out ReportFormat format)) formats.Add(format);
            else
            {
                _findings.Add(new("BSZ1007", true, $"Property BinarySizeReportFormats names '{name}'. Known are: {string.Join(", ", ReportWriter.FormatNames)}.",
                    ProjectSource.FindProperty(_request.ProjectFile, "BinarySizeReportFormats")));
            }
        }
        return formats;
    }

    // A build log has room for the files of a folder, or for what is inside of a few.
    private static ConsoleOptions TableOptions(Report report) => new() { Depth = report.Artifacts.Count > 0 && report.Artifacts[0].FileCount <= 4 ? 2 : 1 };

    // Sections first, so that they can be held against other tools; of a native executable then who owns what is in them.
    private static IReadOnlyList<Level> ReportLevels(MeasuredFile file) =>
        DefaultLevels.For(file).ToArray() is [Level.File, Level.Package, .. var inner] ? [Level.File, Level.Section, Level.Package, .. inner] : [Level.File, Level.Section];

    private static string? Blank(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
