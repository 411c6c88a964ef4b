using BinarySize.IO;

namespace BinarySize.Formats.Pe;

/// <summary>Finds the native program database of an image.</summary>
public static class PdbLocator
{
    /// <summary>
    /// The program database that lies beside the image at <paramref name="path"/>: by the image's own name, or by the name
    /// in its debug directory. Null where there is none, where the image has no debug directory, or where the file is a
    /// portable PDB (which has no symbols of native code). Whether it is of the same build is checked when it is read.
    /// </summary>
    public static string? Find(string path, PeFile pe)
    {
        ArgumentNullException.ThrowIfNull(pe);
        if (pe.CodeView() is not { } codeView) return null;
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        // The path is the linker's: on another system, maybe with its separator, and never to be followed as it is.
        string linked = codeView.Path[(codeView.Path.LastIndexOfAny(['/', '\\']) + 1)..];
        foreach (string name in (ReadOnlySpan<string>)[Path.GetFileNameWithoutExtension(path) + ".pdb", linked])
        {
            if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal)) continue;
            string candidate = Path.Combine(folder, name);
            try
            {
                if (!File.Exists(candidate)) continue;
                using FileView view = FileView.Open(candidate, FileAccessMode.Map);
                if (MsfFile.IsMsf(view.Bytes)) return candidate;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // One that cannot be read is as good as none: the image is mapped without symbols.
            }
        }
        return null;
    }
}
