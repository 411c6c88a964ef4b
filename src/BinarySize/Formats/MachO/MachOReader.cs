using BinarySize.Mapping;

namespace BinarySize.Formats.MachO;

/// <summary>To be written.</summary>
public static class MachOReader
{
    /// <summary>Maps the file at <paramref name="scope"/>.</summary>
    public static void Read(in MapScope scope) => _ = scope;
}
