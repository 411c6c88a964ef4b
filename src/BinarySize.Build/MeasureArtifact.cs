using System.Globalization;
using System.Text;
using BinarySize.Artifacts;
using BinarySize.Attribution.Packages;
using BinarySize.Budgets;
using BinarySize.Gate;
using BinarySize.Mapping;
using BinarySize.Rendering;
using BinarySize.Rendering.Ci;
using BinarySize.Retention;
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
    private readonly CancellationTokenSource _cancel = new();

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

    /// <summary>
    /// True where nothing shrank the folder: files that an app seldom needs are named, and of <see cref="MainFiles"/> the one
    /// that the NativeAOT compiler made is held against what it needs to unwind.
    /// </summary>
    public bool Looks { get; set; }

    /// <summary>Names that the main file may have, the first that exists is it.</summary>
    public string MainFiles { get; set; } = "";

    /// <summary>The main file comes from the NativeAOT compiler.</summary>
    public bool IsNativeAot { get; set; }

    /// <summary>RID of the SDK: the platform that the build runs on.</summary>
    public string? HostRuntimeIdentifier { get; set; }

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
    /// The executable of this package that measures in a process of its own; not there where the package has none for this
    /// system, or where nobody wants it.
    /// </summary>
    public ITaskItem? GateProgram { get; set; }

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
            GateRequest request = Request();
            string stateFile = Path.Combine(request.StateDirectory, $"{Stage}.state");
            // Where nothing was kept, nobody needs to look what lies on disk but who measures it.
            GateState? kept = File.Exists(stateFile) ? GateState.TryRead(stateFile, StageFiles.Find(request).Key) : null;
            GateState state = kept ?? Measure(request, stateFile);
            Say(state);
            if (SaidFile is not null) Keep(request, state);
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

    private Dictionary<string, string> Variables => field ??= CiSystems.ReadVariables(CiVariables);

    // None where the property names no system.
    private CiSystem Listener => CiSystems.TryParse(Ci, Variables, out CiSystem system) ? system : CiSystem.None;

    // Each of these is asked for several times.
    private BaselineInputs Baseline => field ??= new(
        BaselineFile?.GetMetadata("FullPath") ?? "", Baselines.BaselineFile.KeyOf(TargetFramework, RuntimeIdentifier, Configuration, BaselineKind), SdkVersion ?? "", BaselineInputs.HashOf(SizeSettings ?? ""),
        Blank(BaselineBranch), Variables, string.Equals(UpdateBaseline, "true", StringComparison.OrdinalIgnoreCase),
        $"dotnet {Stage switch { "Build" => "build", "Pack" => "pack", _ => "publish" }} -t:BinarySizeUpdateBaseline");

    private GateRequest Request() => new()
    {
        ToolBuild = typeof(MeasureArtifact).Module.ModuleVersionId,
        Stage = Stage switch { "Build" => BinarySize.Budgets.Stage.Build, "Publish" => BinarySize.Budgets.Stage.Publish, "Pack" => BinarySize.Budgets.Stage.Pack, _ => BinarySize.Budgets.Stage.Container },
        IsBeforePublish = LaterStage == "Publish",
        Places = Places(),
        ProjectFile = ProjectFile,
        ReportDirectory = Path.TrimEndingDirectorySeparator(ReportDirectory.GetMetadata("FullPath")),
        StateDirectory = StateDirectory.GetMetadata("FullPath"),
        ReportFormats = ReportFormats,
        TargetFramework = TargetFramework,
        RuntimeIdentifier = RuntimeIdentifier,
        Configuration = Configuration,
        SdkVersion = SdkVersion,
        ToolVersion = ToolVersion,
        Budget = Budget,
        Budgets = Array.ConvertAll(Budgets, BudgetOf),
        Ci = Ci,
        Baseline = Baseline,
        Packages = Packages(PackageFiles),
        EntryPackages = BundledFiles.Length == 0 ? null : Packages(BundledFiles),
        CompiledPackages = CompiledPackages(),
        Mstat = Mstat?.GetMetadata("FullPath"),
        NativeSymbols = NativeSymbols?.GetMetadata("FullPath"),
        Ledger = Ledger?.GetMetadata("FullPath"),
        Look = Looks ? new LookRequest(ShrinkArtifact.MainFileIn(Artifact[0].GetMetadata("FullPath"), MainFiles), IsNativeAot, HostRuntimeIdentifier) : null,
        Unpacked = UnpackedPaths(),
        AssetsFile = AssetsFile?.GetMetadata("FullPath"),
        CanAskWhy = AsksTrimmer || (CompilerArguments is not null && Compiler is not null && File.Exists(CompilerArguments.GetMetadata("FullPath"))),
        References = Array.ConvertAll(References, r => r.ItemSpec),
    };

    private List<StagePlace> Places()
    {
        var places = new List<StagePlace>();
        foreach (ITaskItem item in Artifact)
        {
            places.Add(new StagePlace(PathOf(item), Stage == nameof(BinarySize.Budgets.Stage.Container) ? ArtifactKind.Image : ArtifactKind.File, $"{Stage} was to be measured, but")
            {
                Only = Files.Length == 0 ? null : Array.ConvertAll(Files, static f => f.GetMetadata("FullPath")),
            });
        }
        foreach (ITaskItem item in FurtherArtifacts) places.Add(new StagePlace(PathOf(item), ArtifactKind.File, "BinarySizeArtifact:"));
        return places;

        static string PathOf(ITaskItem item) => Path.TrimEndingDirectorySeparator(item.GetMetadata("FullPath"));
    }

    // Packages of files by their relative path with '/'.
    internal static Dictionary<string, PackageIdentity> Packages(ITaskItem[] files)
    {
        var packages = new Dictionary<string, PackageIdentity>(files.Length, StringComparer.Ordinal);
        foreach (ITaskItem file in files)
        {
            string id = file.GetMetadata("NuGetPackageId"), path = file.GetMetadata("RelativePath");
            if (id.Length > 0 && path.Length > 0) packages[path.Replace('\\', '/')] = new PackageIdentity(id, file.GetMetadata("NuGetPackageVersion"));
        }
        return packages;
    }

    private static BudgetItem BudgetOf(ITaskItem item)
    {
        var metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (System.Collections.DictionaryEntry entry in item.CloneCustomMetadata()) metadata[(string)entry.Key] = entry.Value as string ?? "";
        return new BudgetItem(item.ItemSpec, metadata, item.GetMetadata("DefiningProjectFullPath"));
    }

    private Dictionary<string, string> UnpackedPaths()
    {
        var paths = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (ITaskItem item in Unpacked) paths.TryAdd(item.GetMetadata("RelativePath"), item.GetMetadata("FullPath"));
        return paths;
    }

    private GateState Measure(GateRequest request, string stateFile)
    {
        GateOutcome? outcome = null;
        if (GateProgram?.GetMetadata("FullPath") is { } program)
        {
            outcome = GateProcess.TryRun(program, request, out string problem, _cancel.Token);
            Log.LogMessage(MessageImportance.Low, "{0}", Escape.LogLine(outcome is null ? $"{Stage} is measured inside the build: {problem}" : $"{Stage} was measured by '{program}'"));
        }
        outcome ??= StageGate.Run(request, (name, artifact, packages) => WhyKept(request, name, artifact, packages));
        try
        {
            if (outcome.IsLasting) outcome.State.Write(stateFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.LogMessage(MessageImportance.Low, Escape.LogLine($"State of {Stage} not kept: {e.Message}"));
        }
        return outcome.State;
    }

    private void Keep(GateRequest request, GateState state)
    {
        IsQuiet = state.Summary.Length > 0 && state.Findings.Length == 0 && state.Message is null && FurtherArtifacts.Length == 0 && !Baseline.Update;
        if (!IsQuiet) return;
        Watched = [.. state.ReportFiles.Concat(Baseline.Watched(request.LimitsGrowth())).Select(f => new TaskItem(f))];
        string file = SaidFile!.GetMetadata("FullPath");
        IO.AtomicFile.WriteText(file + ".summary", state.Summary);
        IO.AtomicFile.WriteText(file + ".table", string.Join('\n', state.Table));
    }

    private void Say(GateState state)
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
        foreach (GateRemark remark in state.Remarks) Log.LogMessage(null, remark.Code, null, ProjectFile, 0, 0, 0, 0, MessageImportance.Normal, "{0}", remark.Message);
        if (state.Message is null) return;
        var told = new CiTelling(Stage, StateDirectory.GetMetadata("FullPath"), new CiContext
        {
            Variables = Variables,
            Directory = ReportDirectory.GetMetadata("FullPath"),
            ProjectFile = ProjectFile,
            HasDescription = !string.IsNullOrEmpty(ConfigurationDescription),
            Annotate = CiAnnotations,
        });
        foreach (string problem in told.Tell(Listener, state.Message with { Findings = state.Findings }, isLast: string.IsNullOrEmpty(LaterStage), line => Log.LogMessage(MessageImportance.High, "{0}", line)))
        {
            Log.LogMessage(MessageImportance.Normal, "{0}", Escape.LogLine(problem));
        }
    }

    private void Warn(MapWarning warning) =>
        Log.LogWarning(null, warning.Code, null, HelpRoot + warning.Code + ".md", ProjectFile, 0, 0, 0, 0, "{0}", Escape.LogLine(warning.Message));

    private string? WhyKept(GateRequest request, string name, MeasuredArtifact artifact, PackageGraph? packages)
    {
        if (!request.CanAskWhy) return null;
        Log.LogMessage(MessageImportance.High, "{0}", Escape.LogLine($"Asking the {(AsksTrimmer ? "trimmer" : "NativeAOT compiler")} what keeps {name} (BinarySizeWhyGraph=None leaves that out)"));
        string scratch = Path.Combine(StateDirectory.GetMetadata("FullPath"), "why");
        using AskedGraph graph = AsksTrimmer
            ? AskedGraph.OfTrimmer(TrimAgain, scratch)
            : AskedGraph.OfCompiler(CompilerArguments!.GetMetadata("FullPath"), Compiler!.GetMetadata("FullPath"), Path.GetDirectoryName(ProjectFile)!, scratch, _cancel.Token);
        if (graph.Problem is not null) Log.LogMessage(MessageImportance.Normal, "{0}", Escape.LogLine(graph.Problem));
        if (graph.Path is null) return null;
        // The trimmer names members without their assemblies: whose they are stands in what ships, which was measured without.
        using MeasuredArtifact? trimmed = AsksTrimmer
            ? Measurer.Measure(artifact.Path, artifact.Kind, [.. artifact.Files.Where(f => GraphLocator.SpeaksOf(graph.Path, f.Path)).Select(f => new FoundFile(f.Path, f.FullPath, f.Size, 0, null))], [], new MeasureOptions())
            : null;
        return PulledIn.Sentence(name, new RetentionInputs
        {
            Graph = graph.Path,
            Mstat = Mstat?.GetMetadata("FullPath"),
            Maps = [.. (trimmed?.Files ?? artifact.Files.Where(f => request.IsCompiledAheadOfTime(f.Path))).Select(f => f.Map)],
            Packages = packages,
            PackageOf = packages is null ? null : packages.PackageOfAssembly,
            Project = Path.GetFileNameWithoutExtension(ProjectFile),
        });
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

    private Dictionary<string, PackageIdentity> CompiledPackages()
    {
        var packages = new Dictionary<string, PackageIdentity>(StringComparer.OrdinalIgnoreCase);
        if (Mstat is null) return packages;
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
