using BinarySize.Artifacts;

namespace BinarySize.Shrinking;

/// <summary>
/// A copy of the artifact's folder in the intermediate folder, on which steps are made, verified and undone. What ships is
/// not touched before everything is decided. Copies, not links: an app that writes to its own files must not reach the
/// originals.
/// </summary>
internal sealed class Stage
{
    private readonly string _root, _aside;
    private int _next;

    /// <param name="root">A folder of its own; it is emptied first, and gone at the end.</param>
    /// <param name="name">Name of the artifact's folder.</param>
    public Stage(string root, string name)
    {
        _root = root;
        Folder = Path.Combine(root, name);
        _aside = Path.Combine(root, ".aside");
        Delete(root);
        Directory.CreateDirectory(Folder);
        Directory.CreateDirectory(_aside);
    }

    /// <summary>The copy.</summary>
    public string Folder { get; }

    /// <summary>Where a file of the artifact lies in it.</summary>
    public string PathOf(string path) => Path.Combine(Folder, path);

    /// <summary>Takes a file in.</summary>
    public void Add(FoundFile file, string source)
    {
        string path = PathOf(file.Path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (file.LinkTarget is not null) File.CreateSymbolicLink(path, file.LinkTarget);
        else File.Copy(source, path);
    }

    /// <summary>Takes a file away, or puts another in its place; what was there comes back with <see cref="Restore"/>.</summary>
    /// <returns>Where what was there lies now.</returns>
    public string Replace(string path, string? by)
    {
        string here = PathOf(path), aside = Path.Combine(_aside, (_next++).ToString(System.Globalization.CultureInfo.InvariantCulture));
        File.Move(here, aside);
        if (by is null) return aside;
        File.Copy(by, here);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(here, File.GetUnixFileMode(aside));
        File.SetLastWriteTimeUtc(here, File.GetLastWriteTimeUtc(aside));
        return aside;
    }

    /// <summary>Undoes <see cref="Replace"/>.</summary>
    public void Restore(string path, string aside) => File.Move(aside, PathOf(path), overwrite: true);

    /// <summary>A second copy, in which one file is another; for a comparison of the two.</summary>
    /// <returns>The file in the second copy.</returns>
    public string CopyWith(string path, string file)
    {
        string folder = Path.Combine(_root, ".before", Path.GetFileName(Folder));
        Delete(folder);
        foreach (FoundFile found in FolderWalker.Walk(Folder, []))
        {
            string copy = Path.Combine(folder, found.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            if (found.LinkTarget is not null) File.CreateSymbolicLink(copy, found.LinkTarget);
            else File.Copy(found.Path == path ? file : found.FullPath, copy);
        }
        return Path.Combine(folder, path);
    }

    /// <summary>Deletes it with everything in it.</summary>
    public void Remove()
    {
        try
        {
            Delete(_root);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Something that a check started still runs in it; the next session empties it.
        }
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }
}
