using System.Text;
using BinarySize.Mapping;

namespace BinarySize.Artifacts;

/// <summary>A file found on disk, before it is read.</summary>
/// <param name="Path">Relative path with '/'.</param>
/// <param name="FullPath">Absolute path.</param>
/// <param name="Size">Bytes; for a link the bytes of its own text, as <c>du -b</c> counts it.</param>
/// <param name="Modified">Last write time in UTC ticks.</param>
/// <param name="LinkTarget">Where a symbolic link points to; null for a regular file.</param>
public sealed record FoundFile(string Path, string FullPath, long Size, long Modified, string? LinkTarget);

/// <summary>
/// Lists what lies in a folder. Links are counted, never followed, so that a circle of them ends and nothing is counted
/// twice.
/// </summary>
public static class FolderWalker
{
    /// <summary>All files below <paramref name="root"/>, by path in ordinal order.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="warnings">Takes what could not be listed.</param>
    /// <param name="exclude">Absolute path of a folder that is left out (where reports are written); null for none.</param>
    public static List<FoundFile> Walk(string root, List<MapWarning> warnings, string? exclude = null)
    {
        ArgumentNullException.ThrowIfNull(warnings);
        root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        exclude = exclude is null ? null : Path.TrimEndingDirectorySeparator(Path.GetFullPath(exclude));
        var found = new List<FoundFile>();
        var folders = new Stack<DirectoryInfo>();
        folders.Push(new DirectoryInfo(root));
        while (folders.TryPop(out DirectoryInfo? folder))
        {
            if (folder.FullName == exclude) continue;
            try
            {
                foreach (FileSystemInfo entry in folder.EnumerateFileSystemInfos())
                {
                    string relative = entry.FullName[(root.Length + 1)..].Replace('\\', '/');
                    string? link = (entry.Attributes & FileAttributes.ReparsePoint) != 0 ? entry.LinkTarget : null;
                    if (link is not null)
                    {
                        if (!LeadsSomewhere(entry))
                        {
                            warnings.Add(new MapWarning(MapWarningCodes.Link, $"'{relative}' is a link that leads nowhere ('{link}'); only the link itself is counted"));
                        }
                        found.Add(new FoundFile(relative, entry.FullName, Encoding.UTF8.GetByteCount(link), 0, link));
                    }
                    else if (entry is DirectoryInfo inner) folders.Push(inner);
                    else found.Add(new FoundFile(relative, entry.FullName, ((FileInfo)entry).Length, entry.LastWriteTimeUtc.Ticks, null));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                warnings.Add(new MapWarning(MapWarningCodes.Unreadable, $"folder '{folder.FullName}' could not be listed: {e.Message}"));
            }
        }
        found.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return found;
    }

    // File.Exists says yes to a link that leads nowhere.
    private static bool LeadsSomewhere(FileSystemInfo link)
    {
        try
        {
            return link.ResolveLinkTarget(returnFinalTarget: true) is { Exists: true };
        }
        catch (IOException)
        {
            // Links in a circle.
            return false;
        }
    }

    /// <summary>One file as <see cref="Walk"/> would list it; null where there is none.</summary>
    public static FoundFile? Find(string path, string relative)
    {
        var file = new FileInfo(path);
        if (!file.Exists) return null;
        if (file.LinkTarget is not null)
        {
            // A path that a user names is followed: it is the target that they mean.
            if (!LeadsSomewhere(file)) return null;
            file = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
        }
        return new FoundFile(relative.Replace('\\', '/'), file.FullName, file.Length, file.LastWriteTimeUtc.Ticks, null);
    }
}
