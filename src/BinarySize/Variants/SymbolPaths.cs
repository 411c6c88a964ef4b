using System.Text;
using BinarySize.IO;

namespace BinarySize.Variants;

/// <summary>
/// ILLink writes the absolute path of the symbols into every assembly that it trims (the CodeView entry of its debug
/// directory). Of a private folder with a path of the same length it can be put right in place.
/// </summary>
public static class SymbolPaths
{
    /// <summary>Replaces the folder in one assembly; true where it stood there.</summary>
    /// <param name="path">The assembly.</param>
    /// <param name="from">The folder, as it was written.</param>
    /// <param name="to">The folder that is to stand there.</param>
    /// <returns>False where nothing was found, or the two do not take the same bytes.</returns>
    /// <exception cref="IOException">The file can't be read or written.</exception>
    public static bool Replace(string path, string from, string to)
    {
        byte[] old = Encoding.UTF8.GetBytes(from), with = Encoding.UTF8.GetBytes(to);
        if (old.Length != with.Length || old.Length == 0) return false;
        byte[] bytes = File.ReadAllBytes(path);
        bool found = false;
        for (int at = 0; bytes.AsSpan(at).IndexOf(old) is >= 0 and int index; at += index + old.Length)
        {
            with.CopyTo(bytes, at + index);
            found = true;
        }
        if (found) AtomicFile.WriteBytes(path, bytes);
        return found;
    }
}
