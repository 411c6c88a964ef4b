using BinarySize.Formats.Pe;
using BinarySize.Mapping;

namespace BinarySize.Formats.Managed;

/// <summary>Maps managed metadata and code.</summary>
internal static class ManagedReader
{
    public static void Read(MapScope scope, ImageLayout layout, uint rva, ushort machine) => _ = (scope, layout, rva, machine);
}
