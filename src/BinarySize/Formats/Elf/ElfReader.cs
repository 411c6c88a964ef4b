using BinarySize.Mapping;

namespace BinarySize.Formats.Elf;

/// <summary>To be written.</summary>
public static class ElfReader
{
    /// <summary>Maps the file at <paramref name="scope"/>.</summary>
    public static void Read(in MapScope scope) => _ = scope;
}
