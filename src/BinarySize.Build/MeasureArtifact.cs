using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using BinarySize.Artifacts;
using BinarySize.Attribution.Packages;
using BinarySize.Budgets;
using BinarySize.Mapping;
using BinarySize.Rendering;
using BinarySize.Rendering.Ci;
using BinarySize.Reports;
using BinarySize.Retention;
using BinarySize.Shrinking;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Task = Microsoft.Build.Utilities.Task;

namespace BinarySize.Build;

/// <summary>
/// Measures what a stage of the build produced, writes its reports, and holds the budgets against it. Where nothing
/// changed since the last time it repeats what it said then. Fails only for budgets; whatever cannot be measured is a warning.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class MeasureArtifact : Task, ICancelableTask, IDisposable
{
    private const string ReportNotWritten = "BSZ4010";

    private readonly CancellationTokenSource _cancel = new();

    // Read where somebody asks how a package came in.
    private readonly Lazy<PackageGraph?> _packages;

    public MeasureArtifact() => _packages = new(() => AssetsFile is null ? null : PackageGraph.TryRead(AssetsFile.GetMetadata("FullPath"), Blank(TargetFramework)));

    internal const string HelpRoot = "https://github.com/binarysize/BinarySize.Build/blob/main/docs/diagnostics/";

    /// <summary>"Build", "Publish", "Pack" or "Container".</summary>
    [Required]
    public string Stage { get; set; } = "";

    /// <summary>The folder or the file to measure; of several (packages of a multi-targeted pack) each is an artifact.</summary>
    [Required]
    public ITaskItem[] Artifact { get; set; } = [];

    /// <summary>Of a folder, the files to measure; all where none are given.</summary>
    public ITaskItem[] Files { get; set; } = [];

    /// <summary>Files with metadata RelativePath, NuGetPackageId and NuGetPackageVersion: where the folder's files come from.</summary>
    public ITaskItem[] PackageFiles { get; set; } = [];

    /// <summary>The same for the files inside a single-file bundle.</summary>
    public ITaskItem[] BundledFiles { get; set; } = [];

    /// <summary>Size statistics of the NativeAOT compiler; not there where the app is not compiled ahead of time.</summary>
    public ITaskItem? Mstat { get; set; }

    /// <summary>The native executable's symbols where the linker left them; they need not be in what ships.</summary>
    public ITaskItem? NativeSymbols { get; set; }

    /// <summary>What the NativeAOT compiler was called with; empty where nobody wants it to be asked why something is there.</summary>
    public ITaskItem? CompilerArguments { get; set; }

    /// <summary>The NativeAOT compiler.</summary>
    public ITaskItem? Compiler { get; set; }

    /// <summary>True where the app is trimmed, and the trimmer may be asked why something is there.</summary>
    public bool AsksTrimmer { get; set; }

    /// <summary>Assemblies that the NativeAOT compiler was given, with their packages.</summary>
    public ITaskItem[] CompiledAssemblies { get; set; } = [];

    /// <summary>What shrinking did to the folder, as ShrinkArtifact left it; empty where it did nothing.</summary>
    public ITaskItem? Ledger { get; set; }

    /// <summary>What packed files were packed from, with metadata RelativePath: who owns their bytes can be told from that alone.</summary>
    public ITaskItem[] Unpacked { get; set; } = [];

    /// <summary>Further files and folders.</summary>
    public ITaskItem[] FurtherArtifacts { get; set; } = [];

    /// <summary>Value of the property BinarySizeBudget.</summary>
    public string? Budget { get; set; }

    /// <summary>Items BinarySizeBudget.</summary>
    public ITaskItem[] Budgets { get; set; } = [];

    /// <summary>Where reports go.</summary>
    [Required]
    public ITaskItem ReportDirectory { get; set; } = null!;

    /// <summary>Formats of the reports: "json;md".</summary>
    public string ReportFormats { get; set; } = "json;md";

    /// <summary>A folder of the intermediate output, for what is remembered between builds.</summary>
    [Required]
    public ITaskItem StateDirectory { get; set; } = null!;

    /// <summary>Full path of the project, the location of every diagnostic.</summary>
    [Required]
    public string ProjectFile { get; set; } = "";

    public string? TargetFramework { get; set; }

    public string? RuntimeIdentifier { get; set; }

    public string? Configuration { get; set; }

    public string? SdkVersion { get; set; }

    /// <summary>project.assets.json: who brought a package, and names that patterns may mean although they are not part of this output.</summary>
    public ITaskItem? AssetsFile { get; set; }

    /// <summary>Referenced assemblies, for the same reason.</summary>
    public ITaskItem[] References { get; set; } = [];

    /// <summary>The stage that this build is after ("Publish", "Pack") where that is a later one; empty where it is this one.</summary>
    public string? LaterStage { get; set; }

    /// <summary>The committed baseline; not there where nobody wrote one.</summary>
    public ITaskItem? BaselineFile { get; set; }

    /// <summary>The branch that growth is counted from; empty to find it out.</summary>
    public string? BaselineBranch { get; set; }

    /// <summary>What this stage's artifact is called in a baseline: "publish", "aot", "pack", …</summary>
    public string BaselineKind { get; set; } = "";

    /// <summary>"true": write what is measured into the baseline instead of comparing with it.</summary>
    public string? UpdateBaseline { get; set; }

    /// <summary>Names and values of the settings that decide on size.</summary>
    public string? SizeSettings { get; set; }

    /// <summary>Print the table even where no budget asks for it.</summary>
    public bool ShowTable { get; set; }

    /// <summary>Value of the property BinarySizeCi: "auto", or a name of <see cref="CiSystems.Names"/>.</summary>
    public string? Ci { get; set; }

    /// <summary>Value of the property BinarySizeCiAnnotations.</summary>
    public bool CiAnnotations { get; set; } = true;

    /// <summary>
    /// The variables of CI systems that are set, a line each: NAME=value. They come as properties of the project, since the
    /// environment of this process may be that of another build.
    /// </summary>
    public string? CiVariables { get; set; }

    /// <summary>What MSBuild puts behind every line about this project, in brackets: of several target frameworks the one at hand.</summary>
    public string? ConfigurationDescription { get; set; }

    /// <summary>
    /// Where what was said is kept for builds that need not ask again (see <see cref="IsQuiet"/>), with ".summary" and ".table"
    /// behind it; null for nowhere.
    /// </summary>
    public ITaskItem? SaidFile { get; set; }

    /// <summary>
    /// True where it was all said in plain lines, which are kept: neither warnings nor errors, no CI system to tell, no
    /// baseline to write. The next build, if nothing changed, can say the same without this task.
    /// </summary>
    [Output]
    public bool IsQuiet { get; set; }

    /// <summary>Files besides what was measured whose change makes it untrue: the reports, and git's where it was asked.</summary>
    [Output]
    public ITaskItem[] Watched { get; set; } = [];

    /// <inheritdoc/>
    public override bool Execute()
    {
        try
        {
            StageInputs inputs = Inputs();
            string stateFile = Path.Combine(StateDirectory.GetMetadata("FullPath"), $"{Stage}.state");
            StageState state = StageState.TryRead(stateFile, inputs.Key) ?? Measure(inputs, stateFile);
            Say(state);
            if (SaidFile is not null) Keep(state);
        }
        catch (OperationCanceledException)
        {
            // Nobody listens any more, and nothing was written.
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Measuring must never break a build that works; the details help to mend it.
            Log.LogMessage(MessageImportance.Low, Escape.LogLine(e.ToString().ReplaceLineEndings(" | ")));
            Warn(new MapWarning("BSZ4099", $"What this project ships could not be measured: {e.GetType().Name}: {e.Message}"));
        }
        return !Log.HasLoggedErrors;
    }

    private StageInputs Inputs()
    {
        var inputs = new StageInputs(Path.GetDirectoryName(ProjectFile)!, ReportDirectory.GetMetadata("FullPath"));
        foreach (ITaskItem item in Artifact) inputs.Add(item.GetMetadata("FullPath"), Stage, Files);
        foreach (ITaskItem item in FurtherArtifacts) inputs.AddFurther(item.GetMetadata("FullPath"));

        StringBuilder key = inputs.KeyText;
        key.Append(typeof(MeasureArtifact).Module.ModuleVersionId).Append('\n');
        foreach (string? text in (string?[])[Stage, Budget, ReportFormats, inputs.ReportDirectory, ProjectFile, TargetFramework, RuntimeIdentifier, Configuration, SdkVersion, LaterStage, Ci, CiTelling.SystemOf(Ci, CiVariables).ToString()])
        {
            key.Append(text).Append('\n');
        }
        foreach (ITaskItem budget in Budgets)
        {
            key.Append("budget ").Append(budget.ItemSpec).Append('\t').Append(budget.GetMetadata("DefiningProjectFullPath"));
            foreach (System.Collections.DictionaryEntry entry in budget.CloneCustomMetadata()) key.Append('\t').Append(entry.Key).Append('=').Append(entry.Value);
            key.Append('\n');
        }
        foreach (ITaskItem file in PackageFiles) AppendPackage(key, file);
        key.Append("bundled\n");
        foreach (ITaskItem file in BundledFiles) AppendPackage(key, file);
        Baseline().AppendTo(key, isNeeded: LimitsGrowth());
        if (Ledger is not null) key.Append("ledger ").Append(File.GetLastWriteTimeUtc(Ledger.GetMetadata("FullPath")).Ticks).Append('\n');
        if (NativeSymbols is not null) key.Append("symbols ").Append(File.GetLastWriteTimeUtc(NativeSymbols.GetMetadata("FullPath")).Ticks).Append('\n');
        if (Mstat is not null) key.Append("mstat ").Append(File.GetLastWriteTimeUtc(Mstat.GetMetadata("FullPath")).Ticks).Append('\n');
        if (Budgets.Length > 0 || !string.IsNullOrEmpty(Budget))
        {
            // The line of a budget is part of what was said: it moves when somebody edits the file that it stands in.
            foreach (ITaskItem budget in Budgets) AppendTime(key, budget.GetMetadata("DefiningProjectFullPath"));
            foreach (string file in ProjectSource.Candidates(ProjectFile)) AppendTime(key, file);
        }
        if (Budgets.Length > 0 && AssetsFile is not null) key.Append(File.GetLastWriteTimeUtc(AssetsFile.GetMetadata("FullPath")).Ticks).Append('\n');
        return inputs;
    }

    private BaselineInputs Baseline() => new(
        BaselineFile?.GetMetadata("FullPath") ?? "", Baselines.BaselineFile.KeyOf(TargetFramework, RuntimeIdentifier, Configuration, BaselineKind), SdkVersion ?? "", SizeSettings ?? "",
        Blank(BaselineBranch), CiTelling.Variables(CiVariables), string.Equals(UpdateBaseline, "true", StringComparison.OrdinalIgnoreCase),
        $"dotnet {Stage switch { "Build" => "build", "Pack" => "pack", _ => "publish" }} -t:BinarySizeUpdateBaseline");

    private static void AppendTime(StringBuilder key, string file)
    {
        if (file.Length > 0) key.Append(File.GetLastWriteTimeUtc(file).Ticks).Append('\n');
    }

    private static void AppendPackage(StringBuilder key, ITaskItem file)
    {
        string id = file.GetMetadata("NuGetPackageId");
        if (id.Length > 0) key.Append(file.GetMetadata("RelativePath")).Append('=').Append(id).Append('/').Append(file.GetMetadata("NuGetPackageVersion")).Append('\n');
    }

    private StageState Measure(StageInputs inputs, string stateFile)
    {
        var findings = new List<BudgetFinding>();
        var warnings = new List<MapWarning>();
        List<Budget> budgets = BudgetParser.Parse(Budget, ShorthandLocation(), Sources(), findings);
        List<ReportFormat> formats = Formats(findings);
        if (CiTelling.Mistake(Ci) is { } mistake) findings.Add(new("BSZ1005", true, mistake, ProjectSource.FindProperty(ProjectFile, "BinarySizeCi")));
        Dictionary<string, PackageIdentity> packages = StageInputs.Packages(PackageFiles);
        var options = new MeasureOptions
        {
            PackageOf = path => packages.GetValueOrDefault(path),
            InputsOf = NativeAotInputs(),
            PackedFrom = path => Array.Find(Unpacked, u => u.GetMetadata("RelativePath") == path)?.GetMetadata("FullPath"),
            // Framework assemblies by the hundred are not worth looking into unless a budget asks for what is in them.
            WithOwners = budgets.Any(b => b.Scope is BudgetScope.Assembly or BudgetScope.Namespace or BudgetScope.Type && b.HoldsAt(Enum.Parse<Stage>(Stage)))
                ? _ => true
                : IsCompiledAheadOfTime,
            LookInside = budgets.Any(b => b.Scope is BudgetScope.Assembly or BudgetScope.Namespace or BudgetScope.Type or BudgetScope.Section),
            EntryPackages = BundledFiles.Length == 0 ? null : StageInputs.Packages(BundledFiles),
        };
        var artifacts = new List<MeasuredArtifact>();
        try
        {
            foreach (StageArtifact artifact in inputs.Artifacts)
            {
                warnings.AddRange(artifact.Warnings);
                if (artifact.Exists) artifacts.Add(Measurer.Measure(artifact.Path, artifact.Kind, artifact.Files, [], options));
            }
            return Judge(inputs, artifacts, budgets, formats, findings, warnings, stateFile);
        }
        finally
        {
            foreach (MeasuredArtifact artifact in artifacts) artifact.Dispose();
        }
    }

    private StageState Judge(
        StageInputs inputs, List<MeasuredArtifact> artifacts, List<Budget> budgets, List<ReportFormat> formats,
        List<BudgetFinding> findings, List<MapWarning> warnings, string stateFile)
    {
        var results = new List<ReportBudget>();
        var notes = new List<string>();
        BaselineInputs baseline = Baseline();
        Snapshot? snapshot = null;
        if (artifacts.Count > 0)
        {
            snapshot = baseline.SnapshotOf(artifacts);
            var compressed = new CompressedSizes(Path.Combine(StateDirectory.GetMetadata("FullPath"), "compressed.cache"));
            results = BudgetJudge.Judge(budgets, new JudgeContext
            {
                Stage = Enum.Parse<Stage>(Stage),
                Artifacts = artifacts,
                Configuration = string.Join('/', ((string?[])[TargetFramework, RuntimeIdentifier, Configuration]).Where(s => !string.IsNullOrEmpty(s))),
                KnownElsewhere = new KnownNames(Stage, inputs, AssetsFile?.GetMetadata("FullPath"), References).Of,
                // What a nupkg or an image holds stood in the build or publish output before, which was judged.
                JudgedElsewhere = Stage is "Pack" or "Container" || LaterStage == "Publish",
                PathToPackage = package => _packages.Value?.PathTo(package) ?? [],
                WhyKept = name => WhyKept(name, artifacts[0]),
                Compressed = compressed,
                Snapshot = snapshot,
                Growth = baseline.Load(budgets, Enum.Parse<Stage>(Stage), findings),
                Notes = notes,
            }, findings);
            compressed.Save();
            if (baseline.Write(snapshot, findings) is { } note) notes.Add(note);
        }
        foreach (MeasuredArtifact artifact in artifacts) warnings.AddRange(artifact.Warnings);

        var report = new Report(
            [.. artifacts.Select(a => new ReportArtifact(a.Path, a.Kind, a.Size, a.Files.Count, TreeBuilder.Build(a, ReportLevels), a.Warnings))],
            results,
            new ReportToolchain(Path.GetFileNameWithoutExtension(ProjectFile), Stage, Blank(TargetFramework), Blank(RuntimeIdentifier), Blank(Configuration), Blank(SdkVersion), ToolVersion))
        {
            Snapshots = snapshot is null ? [] : [snapshot],
            Ledger = Ledger is null ? null : LedgerJson.TryRead(Ledger.GetMetadata("FullPath")),
        };
        IReadOnlyList<string> written = [];
        if (artifacts.Count > 0)
        {
            try
            {
                written = ReportWriter.Write(report, inputs.ReportDirectory, formats);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                warnings.Add(new MapWarning(ReportNotWritten, $"Reports could not be written to '{inputs.ReportDirectory}': {e.Message}"));
            }
        }

        var said = new List<CiFinding>();
        foreach (MapWarning warning in warnings) said.Add(new CiFinding(false, warning.Code, Escape.LogLine(warning.Message), ProjectFile, 0, 0));
        foreach (BudgetFinding finding in findings)
        {
            SourceLocation at = finding.Location ?? new SourceLocation(ProjectFile, 0, 0);
            said.Add(new CiFinding(finding.IsError, finding.Code, Escape.LogLine(finding.Message), at.File, at.Line, at.Column));
        }
        // Rendering a large report takes a while: only where somebody listens.
        CiMessage? message = CiTelling.SystemOf(Ci, CiVariables) == CiSystem.None ? null : CiMessage.Of(report, []);
        var state = new StageState(inputs.Key, Summary(inputs, report), [.. ConsoleReport.Render(report, TableOptions(report)).Split('\n', StringSplitOptions.RemoveEmptyEntries), .. notes.Select(n => Escape.LogLine(n))], [.. said], [.. written], message);
        try
        {
            // What could not be read or written may be possible next time, without a trace in what the key is made of.
            if (!warnings.Exists(w => w.Code is MapWarningCodes.Unreadable or MapWarningCodes.Changed or ReportNotWritten)) state.Write(stateFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.LogMessage(MessageImportance.Low, Escape.LogLine($"State of {Stage} not kept: {e.Message}"));
        }
        return state;
    }

    // A build log has room for the files of a folder, or for what is inside of a few.
    private static ConsoleOptions TableOptions(Report report) => new() { Depth = report.Artifacts.Count > 0 && report.Artifacts[0].FileCount <= 4 ? 2 : 1 };

    private void Keep(StageState state)
    {
        IsQuiet = state.Summary.Length > 0 && state.Findings.Length == 0 && state.Message is null && FurtherArtifacts.Length == 0 && !Baseline().Update;
        if (!IsQuiet) return;
        Watched = [.. state.ReportFiles.Concat(Baseline().Watched(LimitsGrowth())).Select(f => new TaskItem(f))];
        string file = SaidFile!.GetMetadata("FullPath");
        IO.AtomicFile.WriteText(file + ".summary", state.Summary);
        IO.AtomicFile.WriteText(file + ".table", string.Join('\n', state.Table));
    }

    private bool LimitsGrowth() => Budgets.Any(b => b.GetMetadata("MaxGrowth").Length + b.GetMetadata("MaxGrowthPercent").Length > 0);

    private void Say(StageState state)
    {
        if (state.Summary.Length > 0) Log.LogMessage(MessageImportance.High, "{0}", state.Summary);
        bool wanted = ShowTable || Stage != nameof(BinarySize.Budgets.Stage.Build) || Budgets.Length > 0 || !string.IsNullOrEmpty(Budget);
        foreach (string line in state.Table) Log.LogMessage(wanted ? MessageImportance.High : MessageImportance.Normal, "{0}", line);
        foreach (CiFinding f in state.Findings)
        {
            string link = HelpRoot + f.Code + ".md";
            if (f.IsError) Log.LogError(null, f.Code, null, link, f.File, f.Line, f.Column, 0, 0, "{0}", f.Message);
            else Log.LogWarning(null, f.Code, null, link, f.File, f.Line, f.Column, 0, 0, "{0}", f.Message);
        }
        if (state.Message is null) return;
        var told = new CiTelling(Stage, StateDirectory.GetMetadata("FullPath"), new CiContext
        {
            Variables = CiTelling.Variables(CiVariables),
            Directory = ReportDirectory.GetMetadata("FullPath"),
            ProjectFile = ProjectFile,
            HasDescription = !string.IsNullOrEmpty(ConfigurationDescription),
            Annotate = CiAnnotations,
        });
        foreach (string problem in told.Tell(CiTelling.SystemOf(Ci, CiVariables), state.Message with { Findings = state.Findings }, isLast: string.IsNullOrEmpty(LaterStage), line => Log.LogMessage(MessageImportance.High, "{0}", line)))
        {
            Log.LogMessage(MessageImportance.Normal, "{0}", Escape.LogLine(problem));
        }
    }

    private void Warn(MapWarning warning) =>
        Log.LogWarning(null, warning.Code, null, HelpRoot + warning.Code + ".md", ProjectFile, 0, 0, 0, 0, "{0}", Escape.LogLine(warning.Message));

    // The line that the terminal logger shows for a project: it looks for the arrow behind the project's name.
    private string Summary(StageInputs inputs, Report report)
    {
        if (report.Artifacts.Count == 0) return "";
        ReportArtifact main = report.Artifacts[0];
        string path = inputs.Artifacts[0].FullPath + (main.Kind == ArtifactKind.Folder ? Path.DirectorySeparatorChar.ToString() : "");
        string count = main.FileCount == 1 ? "1 file" : string.Create(CultureInfo.InvariantCulture, $"{main.FileCount} files");
        return $"{Escape.LogLine(Path.GetFileNameWithoutExtension(ProjectFile))} -> {Escape.LogLine(path)} ({ByteSize.Format(main.Size)}, {count})";
    }

    private SourceLocation ShorthandLocation() =>
        string.IsNullOrEmpty(Budget) ? new SourceLocation(ProjectFile, 0, 0) : ProjectSource.FindProperty(ProjectFile, "BinarySizeBudget");

    private List<BudgetSource> Sources()
    {
        var sources = new List<BudgetSource>(Budgets.Length);
        var seen = new Dictionary<(string File, string Name), int>();
        foreach (ITaskItem item in Budgets)
        {
            var metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (System.Collections.DictionaryEntry entry in item.CloneCustomMetadata()) metadata[(string)entry.Key] = entry.Value as string ?? "";
            string file = item.GetMetadata("DefiningProjectFullPath");
            if (file.Length == 0) file = ProjectFile;
            // Items keep the order of the file: the second of a name is the second element that has it.
            ref int before = ref CollectionsMarshal.GetValueRefOrAddDefault(seen, (file, item.ItemSpec.ToUpperInvariant()), out _);
            sources.Add(new BudgetSource(item.ItemSpec, metadata, ProjectSource.Find(file, "BinarySizeBudget", item.ItemSpec, before++)));
        }
        return sources;
    }

    private List<ReportFormat> Formats(List<BudgetFinding> findings)
    {
        var formats = new List<ReportFormat>();
        foreach (string name in ReportFormats.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (ReportWriter.TryParse(name, out ReportFormat format)) formats.Add(format);
            else
            {
                findings.Add(new("BSZ1007", true, $"Property BinarySizeReportFormats names '{name}'. Known are: {string.Join(", ", ReportWriter.FormatNames)}.",
                    ProjectSource.FindProperty(ProjectFile, "BinarySizeReportFormats")));
            }
        }
        return formats;
    }

    // Asked at most once a budget, and only for one that failed.
    private string? WhyKept(string name, MeasuredArtifact artifact)
    {
        if (!AsksTrimmer && (CompilerArguments is null || Compiler is null || !File.Exists(CompilerArguments.GetMetadata("FullPath")))) return null;
        Log.LogMessage(MessageImportance.High, "{0}", Escape.LogLine($"Asking the {(AsksTrimmer ? "trimmer" : "NativeAOT compiler")} what keeps {name} (BinarySizeWhyGraph=None leaves that out)"));
        string scratch = Path.Combine(StateDirectory.GetMetadata("FullPath"), "why");
        using AskedGraph graph = AsksTrimmer
            ? AskedGraph.OfTrimmer(TrimAgain, scratch)
            : AskedGraph.OfCompiler(CompilerArguments!.GetMetadata("FullPath"), Compiler!.GetMetadata("FullPath"), Path.GetDirectoryName(ProjectFile)!, scratch, _cancel.Token);
        if (graph.Problem is not null) Log.LogMessage(MessageImportance.Normal, "{0}", Escape.LogLine(graph.Problem));
        if (graph.Path is null) return null;
        PackageGraph? packages = _packages.Value;
        string assembly = name.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) ? name[..^4] : name;
        // The trimmer names members without their assemblies: whose they are stands in what ships, which was measured without.
        using MeasuredArtifact? trimmed = AsksTrimmer
            ? Measurer.Measure(artifact.Path, artifact.Kind, [.. artifact.Files.Where(f => GraphLocator.SpeaksOf(graph.Path, f.Path)).Select(f => new FoundFile(f.Path, f.FullPath, f.Size, 0, null))], [], new MeasureOptions())
            : null;
        return PulledIn.Explain([assembly], new RetentionInputs
        {
            Graph = graph.Path,
            Mstat = Mstat?.GetMetadata("FullPath"),
            Maps = [.. (trimmed?.Files ?? artifact.Files.Where(f => IsCompiledAheadOfTime(f.Path))).Select(f => f.Map)],
            Packages = packages,
            PackageOf = packages is null ? null : packages.PackageOfAssembly,
            Project = Path.GetFileNameWithoutExtension(ProjectFile),
        }) is { } line ? $"{assembly} came in by {line}." : null;
    }

    // The same project with the same properties, into another folder. What it warns of it has said before.
    private bool TrimAgain(string folder)
    {
        var properties = new System.Collections.Hashtable(StringComparer.OrdinalIgnoreCase)
        {
            ["IntermediateLinkDir"] = folder,
            ["_TrimmerDumpDependencies"] = "true",
            ["SuppressTrimAnalysisWarnings"] = "true",
        };
        return BuildEngine.BuildProjectFile(ProjectFile, ["ComputeResolvedFilesToPublishList", "ILLink"], properties, new System.Collections.Hashtable());
    }

    /// <inheritdoc/>
    public void Cancel() => _cancel.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _cancel.Dispose();

    // The executable or library is named like the statistics, with the system's own extension or none.
    private bool IsCompiledAheadOfTime(string path)
    {
        if (Mstat is null) return false;
        string stem = Path.GetFileNameWithoutExtension(Mstat.ItemSpec);
        return path.StartsWith(stem, StringComparison.Ordinal) && path[stem.Length..] is ("" or ".exe" or ".so" or ".dll" or ".dylib");
    }

    // Sections first, so that they can be held against other tools; of a native executable then who owns what is in them.
    private static IReadOnlyList<Level> ReportLevels(MeasuredFile file) =>
        DefaultLevels.For(file).ToArray() is [Level.File, Level.Package, .. var inner] ? [Level.File, Level.Section, Level.Package, .. inner] : [Level.File, Level.Section];

    private Func<string, BinaryInputs?> NativeAotInputs()
    {
        if (Mstat is null) return static _ => null;
        string mstat = Mstat.GetMetadata("FullPath");
        Dictionary<string, PackageIdentity>? packages = null;
        var inputs = new BinaryInputs
        {
            Mstat = File.Exists(mstat) ? mstat : null,
            KeptDebugFile = NativeSymbols?.GetMetadata("FullPath"),
            PackageOfAssembly = assembly => (packages ??= CompiledPackages()).GetValueOrDefault(assembly),
        };
        return _ => inputs;
    }

    private Dictionary<string, PackageIdentity> CompiledPackages()
    {
        var packages = new Dictionary<string, PackageIdentity>(StringComparer.OrdinalIgnoreCase);
        foreach (ITaskItem item in CompiledAssemblies)
        {
            string name = Path.GetFileNameWithoutExtension(item.ItemSpec), id = item.GetMetadata("NuGetPackageId");
            if (id.Length > 0) packages[name] = new PackageIdentity(id, item.GetMetadata("NuGetPackageVersion"));
            // The compiler's own framework has no metadata; it lies in <packages>/<id>/<version>/framework/ or …/sdk/.
            else if (item.GetMetadata("FullPath").Split('/', '\\') is [.., var package, var version, "framework" or "sdk", _]) packages[name] = new PackageIdentity(package.Replace("microsoft.dotnet.ilcompiler", "Microsoft.DotNet.ILCompiler", StringComparison.Ordinal), version);
        }
        return packages;
    }

    private static string? Blank(string? text) => string.IsNullOrEmpty(text) ? null : text;

    internal static string ToolVersion { get; } =
        typeof(MeasureArtifact).Assembly.GetName().Version is { } v ? string.Create(CultureInfo.InvariantCulture, $"{v.Major}.{v.Minor}.{v.Build}") : "";
}
