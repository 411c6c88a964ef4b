using BinarySize.Mapping;

namespace BinarySize.Formats.Archives;

/// <summary>To be written.</summary>
public static class ZipReader
{
    /// <summary>Maps the file at <paramref name="scope"/>.</summary>
    public static void Read(in MapScope scope) => _ = scope;
}
