using BinarySize.Mapping;

namespace BinarySize.Formats.Pe;

/// <summary>To be written.</summary>
public static class PeReader
{
    /// <summary>Maps the file at <paramref name="scope"/>.</summary>
    public static void Read(in MapScope scope) => _ = scope;
}
