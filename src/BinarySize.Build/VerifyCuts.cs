using System.Collections;
using BinarySize.Rendering;
using BinarySize.Shrinking;
using BinarySize.Shrinking.Cuts;
using Microsoft.Build.Framework;
using Task = Microsoft.Build.Utilities.Task;

namespace BinarySize.Build;

/// <summary>
/// Runs the project's command on what was published with cuts. Only where it fails is the app built again, in the same
/// folders, until those cuts are found that break it; what then ships is without them. Where nothing changed since the last
/// time nothing is run.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class VerifyCuts : Task, ICancelableTask, IDisposable
{
    private readonly CancellationTokenSource _cancel = new();

    /// <summary>The publish folder.</summary>
    [Required]
    public ITaskItem Folder { get; set; } = null!;

    /// <summary>Where reports go: not part of what ships.</summary>
    [Required]
    public ITaskItem ReportDirectory { get; set; } = null!;

    /// <summary>Names that the main file may have, the first that exists is it.</summary>
    public string MainFiles { get; set; } = "";

    /// <summary>The folder of TakeCuts.</summary>
    [Required]
    public ITaskItem StateDirectory { get; set; } = null!;

    /// <summary>Full path of the project.</summary>
    [Required]
    public string ProjectFile { get; set; } = "";

    /// <summary>What TakeCuts said; the same with what the command said.</summary>
    [Output]
    public ITaskItem[] Rows { get; set; } = [];

    /// <summary>The key of TakeCuts.</summary>
    [Required]
    public string Key { get; set; } = "";

    public string VerifyCommand { get; set; } = "";

    public bool VerifyRequired { get; set; }

    public string VerifyTimeout { get; set; } = "";

    /// <summary>Whether the bytes of each cut are measured, by building the app once more for each.</summary>
    public bool Measure { get; set; }

    /// <summary>The dotnet host, for the command.</summary>
    public string? DotnetHost { get; set; }

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
        // A bad timeout is told by ShrinkArtifact.
        if (!ShrinkArtifact.TryTimeout(VerifyTimeout, out TimeSpan limit) || !Directory.Exists(Folder.GetMetadata("FullPath"))) return true;
        List<string> cuts = [.. Rows.Where(r => !CutRows.Is(r, CutRows.Left)).Select(r => r.ItemSpec)];
        if (cuts.Count == 0) return true;
        string state = StateDirectory.GetMetadata("FullPath"), file = Path.Combine(state, TakeCuts.VerdictFile);
        CutVerdict? last = CutVerdict.TryRead(file, Key);
        CutVerdict? verdict = last;
        try
        {
            if (last is null or { WithoutAny: not null } || (Measure && last.Sizes.Count == 0))
            {
                verdict = CutJudge.Run(Trial(limit, state), cuts, last, Key, _cancel.Token);
                verdict.Write(file);
                // A verdict of an earlier build TakeCuts has told.
                if (last is not { WithoutAny: null }) TakeCuts.Say(Log, verdict, VerifyRequired, ProjectFile);
            }
        }
        catch (OperationCanceledException)
        {
            Log.LogMessage(MessageImportance.High, "BinarySize: checking cuts was cancelled.");
            return false;
        }
        catch (RebuildFailedException)
        {
            // The compiler has said why; an error of ours would hide it.
            if (!Log.HasLoggedErrors) Log.LogError(null, CutCodes.Broke, null, MeasureArtifact.HelpRoot + CutCodes.Broke + ".md", ProjectFile, 0, 0, 0, 0, "{0}", "The verify command fails on what was published with cuts, and the app could not be built without them: see the errors above.");
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.LogWarning(null, CutCodes.NotJudged, null, MeasureArtifact.HelpRoot + CutCodes.NotJudged + ".md", ProjectFile, 0, 0, 0, 0, "{0}", Escape.LogLine($"Cuts could not be verified, and ship as they are: {e.Message}"));
            return true;
        }
        Rows = [.. Judged(verdict!)];
        return !Log.HasLoggedErrors;
    }

    private CutTrial Trial(TimeSpan limit, string state)
    {
        string folder = Path.TrimEndingDirectorySeparator(Folder.GetMetadata("FullPath")), project = Path.GetDirectoryName(ProjectFile)!;
        return new CutTrial
        {
            Folder = folder,
            StageDirectory = Path.Combine(state, "stage"),
            Exclude = ReportDirectory.GetMetadata("FullPath"),
            MainFile = ShrinkArtifact.MainFileIn(folder, MainFiles),
            Verify = string.IsNullOrWhiteSpace(VerifyCommand) ? null
                : new Shrinking.VerifyCommand(VerifyCommand, new ToolOptions { WorkingDirectory = project, Timeout = limit, Environment = ShrinkArtifact.VariablesOf(DotnetHost) }),
            Measures = Measure,
            Rebuild = Rebuild,
            Progress = text => Log.LogMessage(MessageImportance.High, "{0}", Escape.LogLine($"BinarySize: {Path.GetFileNameWithoutExtension(ProjectFile)}: {text}")),
        };
    }

    // The same project with the same properties, and one more that tells TakeCuts what to leave out.
    private bool Rebuild(IReadOnlyCollection<string> leftOut)
    {
        var properties = new Hashtable(StringComparer.OrdinalIgnoreCase) { ["_BinarySizeCutTrial"] = "true", ["_BinarySizeCutsLeftOut"] = string.Join('|', leftOut) };
        return BuildEngine.BuildProjectFile(ProjectFile, ["_BinarySizeRebuild"], properties, new Hashtable());
    }

    private IEnumerable<ITaskItem> Judged(CutVerdict verdict)
    {
        int kept = 0;
        foreach (ITaskItem row in Rows)
        {
            if (CutRows.Is(row, CutRows.Left)) yield return row;
            else if (verdict.Broken.FirstOrDefault(b => b.Name == row.ItemSpec) is { } broken)
            {
                yield return CutRows.Make(row.ItemSpec, CutRows.Broken, verdict.WithoutAny is null ? CutCodes.Broke : CutCodes.NotJudged, broken.Detail, verified: true);
            }
            else
            {
                bool measured = verdict.Sizes.Count > kept + 1;
                string reason = measured ? "" : CutRows.Is(row, CutRows.Taken) ? CutRows.ReasonOf(row) : "";
                yield return CutRows.Make(row.ItemSpec, CutRows.Taken, null, reason, VerifyCommand.Length > 0, measured ? verdict.Sizes[kept] : 0, measured ? verdict.Sizes[kept + 1] : 0);
                kept++;
            }
        }
    }
}
