using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BinarySize.Budgets;
using BinarySize.Gate;
using BinarySize.IO;
using BinarySize.Rendering;
using BinarySize.Shrinking;
using BinarySize.Shrinking.Cuts;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Task = Microsoft.Build.Utilities.Task;

namespace BinarySize.Build;

/// <summary>
/// Decides which cuts the compiler or the trimmer is given: checks each against the assemblies in the build and the app's own
/// code, leaves out what broke the app the last time, and writes what fits into the intermediate folder.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class TakeCuts : Task
{
    /// <summary>Items BinarySizeCut; those of a profile have metadata ByProfile.</summary>
    public ITaskItem[] Cuts { get; set; } = [];

    /// <summary>Value of BinarySizeCuts: further names, "-name" for one that is kept out, "none" for none of the profile's.</summary>
    public string More { get; set; } = "";

    /// <summary>Folder of the catalogue.</summary>
    [Required]
    public ITaskItem Catalogue { get; set; } = null!;

    /// <summary>"NativeAot" or "Trimmer".</summary>
    [Required]
    public string Compiler { get; set; } = "";

    /// <summary>All assemblies that are compiled or trimmed.</summary>
    public ITaskItem[] Assemblies { get; set; } = [];

    /// <summary>The app's own, the main one first.</summary>
    public ITaskItem[] OwnAssemblies { get; set; } = [];

    /// <summary>A folder of the intermediate output.</summary>
    [Required]
    public ITaskItem StateDirectory { get; set; } = null!;

    /// <summary>Full path of the project.</summary>
    [Required]
    public string ProjectFile { get; set; } = "";

    public string VerifyCommand { get; set; } = "";

    public string VerifyTimeout { get; set; } = "";

    public bool VerifyRequired { get; set; }

    /// <summary>One of the builds that VerifyCuts asks for: it says nothing, and leaves out what it is told.</summary>
    public bool IsTrial { get; set; }

    /// <summary>Names that a trial leaves out, between '|'.</summary>
    public string LeftOut { get; set; } = "";

    /// <summary>Substitution files for the compiler.</summary>
    [Output]
    public ITaskItem[] Substitutions { get; set; } = [];

    /// <summary>Cuts and what became of them.</summary>
    [Output]
    public ITaskItem[] Rows { get; set; } = [];

    /// <summary>Everything that a verdict on these cuts depends on.</summary>
    [Output]
    public string Key { get; set; } = "";

    /// <summary>The file in <see cref="StateDirectory"/> with the verdict.</summary>
    internal const string VerdictFile = "verdict.state";

    /// <inheritdoc/>
    public override bool Execute()
    {
        var catalogue = new CutCatalogue(Catalogue.GetMetadata("FullPath"));
        var findings = new List<CutFinding>();
        // Names of a profile stand in the items as well, so that Remove reaches them.
        List<WantedCut> wanted = CutChoice.Of(Cuts.Select(i => (i.ItemSpec, i.GetMetadata("ByProfile") == "true")), More, catalogue, Path.GetDirectoryName(ProjectFile)!, findings);
        findings.ForEach(Say);
        if (Log.HasLoggedErrors) return false;
        if (wanted.Count == 0) return true;
        CutPlan plan = CutPlan.Make(new CutRequest
        {
            Catalogue = catalogue,
            Cuts = wanted,
            Compiler = Compiler == "NativeAot" ? CutCompiler.NativeAot : CutCompiler.Trimmer,
            Assemblies = Paths(Assemblies),
            OwnAssemblies = Paths(OwnAssemblies),
        });
        Key = KeyOf(plan);
        string state = StateDirectory.GetMetadata("FullPath");
        CutVerdict? verdict = IsTrial ? null : CutVerdict.TryRead(Path.Combine(state, VerdictFile), Key);
        if (!IsTrial)
        {
            foreach (CutFinding finding in plan.Findings) Say(finding);
            // Where the app did not stand the command without cuts either, VerifyCuts asks again.
            if (verdict is { WithoutAny: null }) Say(Log, verdict, VerifyRequired, ProjectFile);
            if (Log.HasLoggedErrors) return false;
        }
        HashSet<string> leftOut = IsTrial ? [.. LeftOut.Split('|', StringSplitOptions.RemoveEmptyEntries)] : [.. verdict?.Broken.Select(b => b.Name) ?? []];
        Write(plan, leftOut, state);
        Rows = [.. RowsOf(plan, verdict)];
        return true;
    }

    // A path is relative to the project, whatever folder the build was started in.
    private List<string> Paths(ITaskItem[] items) => [.. items.Select(i => Path.GetFullPath(i.ItemSpec, Path.GetDirectoryName(ProjectFile)!)).Where(File.Exists).Distinct(StringComparer.Ordinal)];

    private string KeyOf(CutPlan plan)
    {
        string command = string.IsNullOrWhiteSpace(VerifyCommand) || !ShrinkArtifact.TryTimeout(VerifyTimeout, out TimeSpan limit) ? ""
            : new Shrinking.VerifyCommand(VerifyCommand, new ToolOptions { WorkingDirectory = Path.GetDirectoryName(ProjectFile), Timeout = limit }).Key;
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{plan.Key}\n{command}")));
    }

    // Content decides the name, so that a compiler that looks at its arguments alone runs again where a file changed.
    private void Write(CutPlan plan, HashSet<string> leftOut, string folder)
    {
        var files = new List<ITaskItem>();
        foreach (TakenCut cut in plan.Taken.Where(c => !leftOut.Contains(c.Name)))
        {
            string path = Path.Combine(folder, cut.FileName);
            AtomicFile.WriteBytes(path, cut.Xml);
            files.Add(new TaskItem(path));
        }
        Substitutions = [.. files];
        // Of those that are left out for a while the names stay the same.
        if (!Directory.Exists(folder)) return;
        HashSet<string> known = [.. plan.Taken.Select(t => t.FileName)];
        foreach (string old in Directory.EnumerateFiles(folder, "*.xml").Where(f => !known.Contains(Path.GetFileName(f)))) File.Delete(old);
    }

    private static IEnumerable<ITaskItem> RowsOf(CutPlan plan, CutVerdict? verdict)
    {
        foreach (TakenCut cut in plan.Taken)
        {
            yield return verdict?.Broken.FirstOrDefault(b => b.Name == cut.Name) is { } broken
                ? CutRows.Make(cut.Name, CutRows.Broken, verdict.WithoutAny is null ? CutCodes.Broke : CutCodes.NotJudged, broken.Detail, verified: true)
                : CutRows.Make(cut.Name, CutRows.Taken, null, Expectation(cut.Manifest));
        }
        foreach (LeftCut cut in plan.Left) yield return CutRows.Make(cut.Name, CutRows.Left, cut.Code, cut.Reason);
    }

    private static string Expectation(CutManifest? manifest) => manifest is null ? "your own file; its bytes were not measured"
        : string.Create(CultureInfo.InvariantCulture, $"took {(double)(manifest.Before - manifest.After) / Math.Max(1, manifest.Before):0.0%} off the sample {manifest.Sample}, not measured here: {manifest.GivesUp}");

    /// <summary>Says what a verdict says.</summary>
    internal static void Say(TaskLoggingHelper log, CutVerdict verdict, bool isRequired, string project)
    {
        if (verdict.WithoutAny is { } detail)
        {
            Write(CutCodes.NotJudged, $"The verify command fails on the app without cuts as well ({detail}): no cut can be judged by it, and none was made. Correct BinarySizeVerifyCommand or the app.");
            return;
        }
        foreach (BrokenCut cut in verdict.Broken)
        {
            Write(CutCodes.Broke, $"The cut '{cut.Name}' was undone: with it the verify command fails ({cut.Detail}). <BinarySizeCut Remove=\"{cut.Name}\" /> keeps it out.");
        }

        void Write(string code, string message)
        {
            string text = Escape.LogLine(message), link = MeasureArtifact.HelpRoot + code + ".md";
            if (isRequired) log.LogError(null, code, null, link, project, 0, 0, 0, 0, "{0}", text);
            else log.LogWarning(null, code, null, link, project, 0, 0, 0, 0, "{0}", text);
        }
    }

    private void Say(CutFinding finding)
    {
        (string file, int line, int column) = (ProjectFile, 0, 0);
        if (finding.File is { Length: > 0 } named) (file, line, column) = (ProjectSource.FindSource(ProjectFile, named), finding.Line, finding.Line > 0 ? Math.Max(1, finding.Column) : 0);
        else if (finding.File is null && finding.Cut.Length > 0)
        {
            SourceLocation at = ProjectSource.FindItem(ProjectFile, "BinarySizeCut", finding.Cut);
            if (at.Line == 0 && More.Length > 0) at = ProjectSource.FindProperty(ProjectFile, "BinarySizeCuts");
            (file, line, column) = (at.File, at.Line, at.Column);
        }
        string text = Escape.LogLine(finding.Message), link = MeasureArtifact.HelpRoot + finding.Code + ".md";
        if (finding.Severity == FindingSeverity.Error) Log.LogError(null, finding.Code, null, link, file, line, column, 0, 0, "{0}", text);
        else Log.LogWarning(null, finding.Code, null, link, file, line, column, 0, 0, "{0}", text);
    }
}
