using BinarySize.Mapping;

namespace BinarySize.Formats.Wasm;

/// <summary>To be written.</summary>
public static class WasmReader
{
    /// <summary>Maps the file at <paramref name="scope"/>.</summary>
    public static void Read(in MapScope scope) => _ = scope;
}
