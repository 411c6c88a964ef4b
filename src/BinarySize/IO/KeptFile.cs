using System.Text;

namespace BinarySize.IO;

/// <summary>
/// A small binary file that is kept between builds: a version of its layout, then whatever its owner writes. One that is
/// missing, damaged or of another version is as good as none.
/// </summary>
public static class KeptFile
{
    /// <summary>Reads a file; null where it is of no use, or where <paramref name="read"/> says so.</summary>
    /// <param name="path">The file.</param>
    /// <param name="version">Version of the layout; another one is not read.</param>
    /// <param name="read">Reads what stands behind the version. It may throw what a reader of damaged data throws (IOException, ArgumentException, FormatException).</param>
    public static T? TryRead<T>(string path, int version, Func<BinaryReader, T?> read) where T : class
    {
        ArgumentNullException.ThrowIfNull(read);
        try
        {
            if (!File.Exists(path)) return null;
            using var reader = new BinaryReader(new MemoryStream(File.ReadAllBytes(path), writable: false), Encoding.UTF8);
            return reader.ReadInt32() == version ? read(reader) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Writes a file, complete or not at all. Throws IOException or UnauthorizedAccessException.</summary>
    /// <param name="path">The file.</param>
    /// <param name="version">Version of the layout.</param>
    /// <param name="write">Writes what stands behind it.</param>
    public static void Write(string path, int version, Action<BinaryWriter> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(version);
            write(writer);
        }
        AtomicFile.WriteBytes(path, stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    /// <summary>Reads how many items follow; never more than the file has bytes.</summary>
    /// <exception cref="FormatException">The number is none that the file can hold.</exception>
    public static int ReadCount(BinaryReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        int count = reader.ReadInt32();
        return count >= 0 && count <= reader.BaseStream.Length ? count : throw new FormatException($"{count} items do not fit the file");
    }
}
