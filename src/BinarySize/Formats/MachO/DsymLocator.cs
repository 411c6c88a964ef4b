using BinarySize.IO;

namespace BinarySize.Formats.MachO;

/// <summary>Finds the dSYM bundle that debug symbols of a Mach-O file were split into.</summary>
public static class DsymLocator
{
    /// <summary>
    /// The DWARF file in the dSYM bundle that lies beside <paramref name="path"/>, or beside the bundle (.app,
    /// .framework) that it lies in; null where there is none or none has a UUID of the binary's.
    /// </summary>
    /// <param name="path">The binary.</param>
    /// <param name="mismatched">A dSYM file that is there but belongs to another build; null where there is none.</param>
    public static string? Find(string path, out string? mismatched)
    {
        mismatched = null;
        IReadOnlyList<Guid>? uuids = null;
        foreach (string candidate in Candidates(path))
        {
            if (!File.Exists(candidate)) continue;
            uuids ??= UuidsOf(path);
            foreach (Guid uuid in UuidsOf(candidate))
            {
                if (uuids.Contains(uuid)) return candidate;
            }
            mismatched ??= candidate;
        }
        return null;
    }

    /// <inheritdoc cref="Find(string, out string?)"/>
    public static string? Find(string path) => Find(path, out _);

    private static IEnumerable<string> Candidates(string path)
    {
        string full = Path.GetFullPath(path), name = Path.GetFileName(full);
        yield return Inside(full + ".dSYM", name);
        for (string? folder = Path.GetDirectoryName(full); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Path.GetExtension(folder) is ".app" or ".framework" or ".bundle" or ".xpc" or ".appex") yield return Inside(folder + ".dSYM", name);
        }
    }

    private static string Inside(string bundle, string name) => Path.Combine(bundle, "Contents", "Resources", "DWARF", name);

    private static IReadOnlyList<Guid> UuidsOf(string path)
    {
        try
        {
            using FileView view = FileView.Open(path);
            return MachOReader.Uuids(view.Bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or BadFormatException)
        {
            return [];
        }
    }
}
