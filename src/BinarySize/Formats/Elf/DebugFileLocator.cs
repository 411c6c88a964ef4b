using System.Text;
using BinarySize.IO;

namespace BinarySize.Formats.Elf;

/// <summary>
/// Finds the file that a binary's symbols were split into, in the places where .NET, GDB and distributions put it
/// (GDB manual, "Debugging Information in Separate Files").
/// </summary>
public static class DebugFileLocator
{
    private const string SystemFolder = "/usr/lib/debug";

    /// <summary>
    /// The path of the debug file of <paramref name="binary"/>; null where none is found. A candidate must have the same
    /// build-id; where the binary has none, the checksum of its debug link, or else the name, must do.
    /// </summary>
    /// <param name="binaryPath">Where the binary is.</param>
    /// <param name="binary">Its headers.</param>
    /// <param name="kept">A file elsewhere that may be it, as whoever built the binary keeps it; used only by its build-id.</param>
    public static string? Find(string binaryPath, ElfFile binary, string? kept = null)
    {
        ArgumentNullException.ThrowIfNull(binary);
        string full = Path.GetFullPath(binaryPath);
        string folder = Path.GetDirectoryName(full) ?? "/";
        foreach (string extension in new[] { ".dbg", ".debug" })
        {
            if (IsMatch(full + extension, binary, null)) return full + extension;
        }
        if (kept is not null && binary.BuildId.Length > 0 && IsMatch(kept, binary, null)) return kept;
        string id = Convert.ToHexStringLower(binary.BuildId.Span);
        if (id.Length > 2)
        {
            string path = $"{SystemFolder}/.build-id/{id[..2]}/{id[2..]}.debug";
            if (IsMatch(path, binary, null)) return path;
        }
        if (!binary.TryGetDebugLink(out ReadOnlySpan<byte> link, out uint crc)) return null;
        string name = Encoding.UTF8.GetString(link);
        // The name comes from the file: it must not lead elsewhere.
        if (name.Length is 0 or > 255 || name is "." or ".." || name.Contains('/') || name.Contains('\\') || name.Contains('\0')) return null;
        foreach (string path in new[] { Path.Combine(folder, name), Path.Combine(folder, ".debug", name), SystemFolder + Path.Combine(folder, name) })
        {
            if (path != full && IsMatch(path, binary, crc)) return path;
        }
        return null;
    }

    private static bool IsMatch(string path, ElfFile binary, uint? crc)
    {
        if (!File.Exists(path)) return false;
        try
        {
            using FileView view = FileView.Open(path, FileAccessMode.Map);
            ElfFile candidate = ElfFile.Parse(view.Bytes);
            if (binary.BuildId.Length > 0) return candidate.BuildId.Span.SequenceEqual(binary.BuildId.Span);
            return crc is null || Crc32(view.Bytes) == crc;
        }
        catch (Exception e) when (e is BadFormatException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The checksum of .gnu_debuglink: CRC-32 with the polynomial of zlib.</summary>
    internal static uint Crc32(ByteView bytes)
    {
        Span<uint> table = stackalloc uint[256];
        for (uint i = 0; i < 256; i++)
        {
            uint c = i;
            for (int k = 0; k < 8; k++) c = (c & 1) != 0 ? 0xEDB88320 ^ (c >> 1) : c >> 1;
            table[(int)i] = c;
        }
        uint crc = 0xFFFFFFFF;
        for (long at = 0; at < bytes.Length; at += 1 << 20)
        {
            foreach (byte b in bytes.Span(at, (int)Math.Min(1 << 20, bytes.Length - at))) crc = table[(byte)(crc ^ b)] ^ (crc >> 8);
        }
        return ~crc;
    }
}
