using System.Text;
using BinarySize.Artifacts;
using BinarySize.Budgets;
using BinarySize.Mapping;
using BinarySize.Rendering.Ci;

namespace BinarySize.Gate;

/// <summary>A place where a stage leaves something to measure; nobody has looked there yet.</summary>
/// <param name="FullPath">A file or a folder, without a separator at its end.</param>
/// <param name="Kind">What a file there is; a folder and a nupkg are told by themselves.</param>
/// <param name="Who">Who names it, for a message that it is not there.</param>
public sealed record StagePlace(string FullPath, ArtifactKind Kind, string Who)
{
    /// <summary>Of a folder, full paths of the files to measure; null for all.</summary>
    public IReadOnlyList<string>? Only { get; init; }
}

/// <summary>An artifact of a stage as it lies on disk, not read yet.</summary>
/// <param name="Path">As it is shown.</param>
/// <param name="FullPath">Where it lies.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Exists">False where there is nothing to measure.</param>
/// <param name="Files">What is to be measured.</param>
/// <param name="Warnings">What was found wrong on the way.</param>
public sealed record StageArtifact(string Path, string FullPath, ArtifactKind Kind, bool Exists, IReadOnlyList<FoundFile> Files, IReadOnlyList<MapWarning> Warnings);

/// <summary>What a stage measures, found on disk but not read, and the key of everything that the outcome depends on.</summary>
public sealed class StageFiles
{
    private readonly GateRequest _request;
    private readonly List<StageArtifact> _artifacts = [];

    private StageFiles(GateRequest request) => _request = request;

    /// <summary>The artifacts, in the order of their places.</summary>
    public IReadOnlyList<StageArtifact> Artifacts => _artifacts;

    /// <summary>Everything that the outcome depends on: the request, and times of the files that it speaks of.</summary>
    public byte[] Key { get; private set; } = [];

    /// <summary>Looks for everything that a request speaks of.</summary>
    public static StageFiles Find(GateRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var files = new StageFiles(request);
        foreach (StagePlace place in request.Places) files._artifacts.Add(files.At(place));
        files.Key = files.MakeKey();
        return files;
    }

    private StageArtifact At(StagePlace place)
    {
        string path = place.FullPath, shown = Shown(path);
        var warnings = new List<MapWarning>();
        if (Directory.Exists(path))
        {
            List<FoundFile> found = place.Only is null ? FolderWalker.Walk(path, warnings, _request.ReportDirectory) : Find(path, place.Only);
            if (found.Count == 0 && place.Only is null) warnings.Add(new MapWarning(MapWarningCodes.Missing, $"{place.Who} '{shown}' is an empty folder."));
            return new StageArtifact(shown, path, ArtifactKind.Folder, found.Count > 0, found, warnings);
        }
        if (FolderWalker.Find(path, Path.GetFileName(path)) is { } file)
        {
            ArtifactKind kind = path.EndsWith(".nupkg", StringComparison.OrdinalIgnoreCase) ? ArtifactKind.Package : place.Kind;
            return new StageArtifact(shown, path, kind, true, [file], warnings);
        }
        warnings.Add(new MapWarning(MapWarningCodes.Missing, $"{place.Who} '{shown}' does not exist."));
        return new StageArtifact(shown, path, place.Kind, false, [], warnings);
    }

    private static List<FoundFile> Find(string folder, IReadOnlyList<string> files)
    {
        var found = new List<FoundFile>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string file in files)
        {
            string relative = Path.GetRelativePath(folder, file);
            // What a project copies elsewhere (a Content item with a link upwards) is not in this folder.
            if (!relative.StartsWith("..", StringComparison.Ordinal) && seen.Add(file) && FolderWalker.Find(file, relative) is { } one) found.Add(one);
        }
        found.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return found;
    }

    // Reports are compared across machines: a path outside the project is shown by its last part.
    private string Shown(string path)
    {
        string relative = Path.GetRelativePath(Path.GetDirectoryName(_request.ProjectFile)!, path);
        return relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(relative)
            ? Path.GetFileName(path)
            : relative.Replace('\\', '/');
    }

    private byte[] MakeKey()
    {
        using var stream = new MemoryStream(64 * 1024);
        using var key = new BinaryWriter(stream, Encoding.UTF8);
        _request.AppendTo(key);
        foreach (StageArtifact artifact in _artifacts)
        {
            key.Write(artifact.FullPath);
            foreach (MapWarning warning in artifact.Warnings) key.Write(warning.Message);
            foreach (FoundFile file in artifact.Files)
            {
                key.Write(file.Path);
                key.Write(file.Size);
                key.Write(file.Modified);
                key.Write(file.LinkTarget ?? "");
            }
        }
        // A system that is told wants more than one that is not.
        key.Write((int)(CiSystems.TryParse(_request.Ci, _request.Baseline.Variables, out CiSystem system) ? system : CiSystem.None));
        foreach (string? file in (string?[])[_request.Ledger, _request.NativeSymbols, _request.Mstat]) AppendTime(key, file);
        if (_request.Budgets.Count > 0 || !string.IsNullOrEmpty(_request.Budget))
        {
            // The line of a budget is part of what was said: it moves when somebody edits the file that it stands in.
            foreach (BudgetItem budget in _request.Budgets) AppendTime(key, budget.File);
            foreach (string file in ProjectSource.Candidates(_request.ProjectFile)) AppendTime(key, file);
        }
        if (_request.Budgets.Count > 0) AppendTime(key, _request.AssetsFile);
        _request.Baseline.AppendTo(key, _request.LimitsGrowth());
        key.Flush();
        return stream.ToArray();
    }

    private static void AppendTime(BinaryWriter key, string? file)
    {
        if (!string.IsNullOrEmpty(file)) key.Write(File.GetLastWriteTimeUtc(file).Ticks);
    }
}
