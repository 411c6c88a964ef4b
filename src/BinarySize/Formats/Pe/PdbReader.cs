using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Pe;

/// <summary>Symbols of a program database.</summary>
internal static class PdbReader
{
    public static void Read(MapScope scope, PeFile pe, ByteView pdb, PeSymbols symbols) => _ = (scope, pe, pdb, symbols);
}
