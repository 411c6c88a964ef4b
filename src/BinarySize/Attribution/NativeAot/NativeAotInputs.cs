using BinarySize.Formats.Elf;
using BinarySize.IO;

namespace BinarySize.Attribution.NativeAot;

/// <summary>What is known about a NativeAOT binary besides its own bytes. Everything is optional; the less there is, the coarser the owners.</summary>
public sealed class NativeAotInputs
{
    /// <summary>The size statistics of <c>IlcGenerateMstatFile</c>. The map must keep the file open.</summary>
    public FileView? Mstat { get; init; }

    /// <summary>The <c>.dbg</c> beside a stripped binary. The map must keep the file open.</summary>
    public FileView? DebugFile { get; init; }

    /// <summary>The NuGet package that an assembly (simple name) came from; null where it came from none, as the app's own.</summary>
    public Func<string, (string Id, string Version)?>? PackageOf { get; init; }

    /// <summary>The package that the native runtime came from; by default the one that the SDK uses for the binary's machine.</summary>
    public string? RuntimePackage { get; init; }

    internal static string DefaultRuntimePackage(ElfFile binary) => "runtime.linux-" + binary.Machine switch
    {
        ElfConstants.MachineX64 => "x64",
        ElfConstants.MachineArm64 => "arm64",
        ElfConstants.MachineArm => "arm",
        ElfConstants.MachineRiscV => "riscv64",
        _ => "x86",
    } + ".Microsoft.DotNet.ILCompiler";
}
