using BinarySize.Attribution.Rust;

namespace BinarySize.Attribution.Symbols;

/// <summary>Turns linker names back into what the programmer wrote: C++ (Itanium ABI) and Rust (legacy and v0).</summary>
public static class Demangler
{
    // Longer ones exist only in files that mean harm; Itanium names of real programs stay below 100 KB.
    private const int MaxMangledLength = 1 << 18;

    /// <summary>
    /// The readable form of a mangled name, without crate hashes; false where the name is not mangled, or not as it should
    /// be. Bounded: at most 1 MiB of text, in time proportional to it.
    /// </summary>
    public static bool TryDemangle(ReadOnlySpan<byte> mangled, out string demangled)
    {
        demangled = "";
        if (mangled.Length > MaxMangledLength) return false;
        // Mach-O puts an underscore before every name.
        if (mangled.StartsWith("__Z"u8) || mangled.StartsWith("__R"u8)) mangled = mangled[1..];
        if (mangled.Length < 3 || mangled[0] != '_') return false;
        if (mangled[1] == 'R') return RustV0Demangler.TryDemangle(mangled, out demangled);
        if (mangled[1] == 'Z' && RustLegacyName.IsLegacy(mangled) && RustLegacyName.TryDemangle(mangled, out demangled)) return true;
        return ItaniumDemangler.TryDemangle(mangled, out demangled);
    }
}
