using System.Text;
using BinarySize.Artifacts;
using BinarySize.Gate;
using BinarySize.Mapping;
using Microsoft.Build.Framework;

namespace BinarySize.Build;

/// <summary>
/// What a stage measures, found on disk but not read, and the key of everything that the outcome depends on.
/// </summary>
internal sealed class StageInputs(string projectDirectory, string reportDirectory)
{
    /// <summary>Absolute path of the folder for reports.</summary>
    public string ReportDirectory { get; } = System.IO.Path.TrimEndingDirectorySeparator(reportDirectory);

    /// <summary>The artifacts: what the stage produced, then further ones.</summary>
    public List<StageArtifact> Artifacts { get; } = [];

    /// <summary>The key under construction.</summary>
    public StringBuilder KeyText { get; } = new(16 * 1024);

    /// <summary>Everything that the outcome depends on, as text.</summary>
    public string Key => field ??= KeyText.ToString();

    /// <summary>Adds what the stage produced at <paramref name="path"/>; of a folder only <paramref name="files"/>, where given.</summary>
    public void Add(string path, string stage, ITaskItem[] files)
    {
        path = System.IO.Path.TrimEndingDirectorySeparator(path);
        if (files.Length > 0 && Directory.Exists(path))
        {
            var found = new List<FoundFile>();
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (ITaskItem item in files)
            {
                string file = item.GetMetadata("FullPath");
                string relative = System.IO.Path.GetRelativePath(path, file);
                // What a project copies elsewhere (a Content item with a link upwards) is not in this folder.
                if (!relative.StartsWith("..", StringComparison.Ordinal) && seen.Add(file) && FolderWalker.Find(file, relative) is { } one) found.Add(one);
            }
            found.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
            Add(new StageArtifact(Shown(path), path, ArtifactKind.Folder, found.Count > 0, found, []));
            return;
        }
        AddAny(path, stage == nameof(Budgets.Stage.Container) ? ArtifactKind.Image : ArtifactKind.File, $"{stage} was to be measured, but");
    }

    /// <summary>Adds a file or folder that the project names in addition.</summary>
    public void AddFurther(string path) => AddAny(System.IO.Path.TrimEndingDirectorySeparator(path), ArtifactKind.File, "BinarySizeArtifact:");

    private void AddAny(string path, ArtifactKind kind, string who)
    {
        var warnings = new List<MapWarning>();
        if (Directory.Exists(path))
        {
            List<FoundFile> found = FolderWalker.Walk(path, warnings, ReportDirectory);
            if (found.Count == 0) warnings.Add(new MapWarning(MapWarningCodes.Missing, $"{who} '{Shown(path)}' is an empty folder."));
            Add(new StageArtifact(Shown(path), path, ArtifactKind.Folder, found.Count > 0, found, warnings));
            return;
        }
        if (FolderWalker.Find(path, System.IO.Path.GetFileName(path)) is { } file)
        {
            if (path.EndsWith(".nupkg", StringComparison.OrdinalIgnoreCase)) kind = ArtifactKind.Package;
            Add(new StageArtifact(Shown(path), path, kind, true, [file], warnings));
            return;
        }
        warnings.Add(new MapWarning(MapWarningCodes.Missing, $"{who} '{Shown(path)}' does not exist."));
        Add(new StageArtifact(Shown(path), path, kind, false, [], warnings));
    }

    private void Add(StageArtifact artifact)
    {
        Artifacts.Add(artifact);
        KeyText.Append("artifact ").Append(artifact.FullPath).Append('\n');
        foreach (MapWarning warning in artifact.Warnings) KeyText.Append(warning.Message).Append('\n');
        foreach (FoundFile f in artifact.Files) KeyText.Append(f.Path).Append('\t').Append(f.Size).Append('\t').Append(f.Modified).Append('\t').Append(f.LinkTarget).Append('\n');
    }

    /// <summary>Packages of files by their relative path with '/'.</summary>
    public static Dictionary<string, PackageIdentity> Packages(ITaskItem[] files)
    {
        var packages = new Dictionary<string, PackageIdentity>(StringComparer.Ordinal);
        foreach (ITaskItem file in files)
        {
            string id = file.GetMetadata("NuGetPackageId"), path = file.GetMetadata("RelativePath");
            if (id.Length > 0 && path.Length > 0) packages[path.Replace('\\', '/')] = new PackageIdentity(id, file.GetMetadata("NuGetPackageVersion"));
        }
        return packages;
    }

    // Reports are compared across machines: a path outside the project is shown by its last part.
    private string Shown(string path)
    {
        string relative = System.IO.Path.GetRelativePath(projectDirectory, path);
        return relative.StartsWith("..", StringComparison.Ordinal) || System.IO.Path.IsPathRooted(relative)
            ? System.IO.Path.GetFileName(path)
            : relative.Replace('\\', '/');
    }
}
