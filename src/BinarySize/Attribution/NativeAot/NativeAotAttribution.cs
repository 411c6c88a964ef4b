using System.Globalization;
using BinarySize.Formats.Elf;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Attribution.NativeAot;

/// <summary>
/// Gives the bytes of a NativeAOT binary to their owners: compiled code and its data to assembly, namespace, type and
/// member; the native runtime to its components. It works from the binary's symbols (its own, or those of the
/// <c>.dbg</c> beside it) and the compiler's size statistics, and follows what the file itself says: the stream that its
/// relocated data are made from, frame entries, exception tables, reflection metadata, and who refers to what.
/// </summary>
public static class NativeAotAttribution
{
    /// <summary>The component below the runtime's package that holds what the compiler made for the program as a whole.</summary>
    public const string ManagedDataComponent = "managed program data";

    /// <summary>True for an ELF file that the NativeAOT compiler made.</summary>
    public static bool IsNativeAot(ElfFile binary)
    {
        ArgumentNullException.ThrowIfNull(binary);
        return binary.FindSection("__managedcode"u8) >= 0 && (binary.FindSection("__modules"u8) >= 0 || binary.FindSection(".hydrated"u8) >= 0 || binary.FindSection("hydrated"u8) >= 0);
    }

    /// <summary>
    /// Claims the owners of <paramref name="binary"/>, at rank 2 and above. False, and nothing claimed, where it is no
    /// NativeAOT binary. Never throws for what is in the files: what cannot be used is left out with a warning (BSZ4008
    /// where a file does not belong to the binary, BSZ4009 where owners get coarser). The map keeps the input files alive.
    /// </summary>
    public static bool TryApply(in MapScope scope, ElfFile binary, NativeAotInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(binary);
        ArgumentNullException.ThrowIfNull(inputs);
        if (inputs.Mstat is not null) scope.Map.Keep(inputs.Mstat);
        if (inputs.DebugFile is not null) scope.Map.Keep(inputs.DebugFile);
        if (!IsNativeAot(binary) || binary.BigEndian || !binary.Is64) return false;
        try
        {
            ElfSymbolTable table = FindSymbols(scope, binary, inputs);
            AotImage image = AotImage.Create(binary, table);
            scope.Map.ReleasePages();
            using MstatNames? statistics = ReadStatistics(scope, image, inputs);
            var owners = new AotOwners(scope.Map, inputs, inputs.RuntimePackage ?? NativeAotInputs.DefaultRuntimePackage(binary));
            scope.Map.ReleasePages();
            using var claims = new AotClaims(scope, image, owners, statistics);
            claims.Apply();
        }
        catch (BadFormatException e)
        {
            scope.Warn(MapWarningCodes.Attribution, $"not every owner in the NativeAOT binary could be found: {e.Message}");
        }
        scope.Map.ReleasePages();
        return true;
    }

    private static ElfSymbolTable FindSymbols(in MapScope scope, ElfFile binary, NativeAotInputs inputs)
    {
        if (binary.SymbolTable.Count > 1) return binary.SymbolTable;
        if (inputs.DebugFile is { } debug)
        {
            try
            {
                ElfFile symbols = ElfFile.Parse(debug.Bytes);
                if (!binary.BuildId.IsEmpty && binary.BuildId.Span.SequenceEqual(symbols.BuildId.Span))
                {
                    if (symbols.SymbolTable.Count > 1) return symbols.SymbolTable;
                    scope.Warn(MapWarningCodes.Attribution, $"{debug.Path} has no symbols: owners are as coarse as sections");
                }
                else scope.Warn(MapWarningCodes.Mismatch, $"{debug.Path} has another build-id than the binary and is not used: owners are as coarse as sections");
            }
            catch (BadFormatException e)
            {
                scope.Warn(MapWarningCodes.Attribution, $"{debug.Path} cannot be read ({e.Message}): owners are as coarse as sections");
            }
        }
        else scope.Warn(MapWarningCodes.Attribution, "the binary is stripped, and its .dbg file is not there: owners are as coarse as sections");
        return binary.DynamicSymbolTable;
    }

    private static MstatNames? ReadStatistics(in MapScope scope, AotImage image, NativeAotInputs inputs)
    {
        if (inputs.Mstat is not { } file)
        {
            scope.Warn(MapWarningCodes.Attribution, "no .mstat file (IlcGenerateMstatFile=true makes one): assemblies and types are not told apart");
            return null;
        }
        if (!MstatFile.TryRead(file, out MstatFile? mstat, out string reason))
        {
            scope.Warn(MapWarningCodes.Attribution, $"{file.Path} cannot be used ({reason}): assemblies and types are not told apart");
            return null;
        }
        var names = new MstatNames(mstat);
        names.Meet(image, scope.Map, out int functions, out int known, out int met);
        // Names of methods tell whether both come from one compilation: nearly all of either are in the other.
        if (image.Symbols.Length == 0 || (known * 10L >= functions * 9L && met * 10L >= mstat.Methods.Length * 9L)) return names;
        names.Dispose();
        scope.Warn(MapWarningCodes.Mismatch, string.Create(CultureInfo.InvariantCulture,
            $"{file.Path} knows {known} of the binary's {functions} managed functions, which have {met} of its {mstat.Methods.Length}: it is another build's and is not used"));
        return null;
    }
}
