using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using BinarySize.Formats.Elf;

namespace BinarySize.Shrinking;

/// <summary>An objcopy that serves a file's machine: binutils' for this one, LLVM's for all, a cross toolchain's for one.</summary>
/// <param name="Path">Full path of the program.</param>
/// <param name="Name">Name and version: "GNU objcopy 2.40", "llvm-objcopy 14.0.6".</param>
/// <param name="IsLlvm">True for LLVM's, which has options of its own.</param>
internal sealed partial record ObjcopyTool(string Path, string Name, bool IsLlvm)
{
    /// <summary>Options of both that leave nothing but what is loaded, and what other tools put there on purpose.</summary>
    public string StripAll => IsLlvm ? "--strip-all-gnu" : "--strip-all";

    /// <summary>The tool for a file; null where none is here.</summary>
    public static ObjcopyTool? Find(ElfFile elf, StripOptions options, CancellationToken cancel)
    {
        string? path = string.IsNullOrWhiteSpace(options.ObjcopyPath)
            ? Locate(Names(elf), options)
            : ExternalTool.Find([], options.ObjcopyPath, options.SearchPath, options.SearchPath is null);
        if (path is null) return null;
        ToolRun run = ExternalTool.Run(path, ["--version"], new ToolOptions { Timeout = TimeSpan.FromSeconds(20), Environment = Environment }, cancel);
        if (!run.Succeeded) return null;
        string text = string.Join('\n', run.Output);
        bool llvm = text.Contains("LLVM", StringComparison.Ordinal) || text.Contains("llvm", StringComparison.Ordinal);
        Match version = Version().Match(llvm && text.IndexOf("version ", StringComparison.Ordinal) is >= 0 and var at ? text[at..] : run.Output.Count > 0 ? run.Output[0] : "");
        return new ObjcopyTool(path, $"{(llvm ? "llvm-objcopy" : "GNU objcopy")} {(version.Success ? version.Value : "of unknown version")}", llvm);
    }

    /// <summary>Every tool that may be chosen on this machine, by path and size, for the key of what they make.</summary>
    public static string Fingerprint(StripOptions options) =>
        string.Join(", ", Candidates(options).Select(p => p is null ? "none" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{p} {new FileInfo(p).Length}")));

    /// <summary>The same tools by their paths.</summary>
    public static IReadOnlyList<string> All(StripOptions options) => [.. Candidates(options).OfType<string>()];

    private static string?[] Candidates(StripOptions options) => string.IsNullOrWhiteSpace(options.ObjcopyPath)
        ? [Locate(["objcopy"], options), Locate(s_llvm, options)]
        : [ExternalTool.Find([], options.ObjcopyPath, options.SearchPath, options.SearchPath is null)];

    /// <summary>What to install for a file of this machine.</summary>
    public static string InstallHint(ElfFile elf) => IsNative(elf) ? "binutils or llvm" : "llvm, which serves every machine" + (Triplets(elf) is [var first, ..] ? $", or binutils-{first.Replace('_', '-')}" : "");

    internal static IReadOnlyDictionary<string, string?> Environment { get; } = new Dictionary<string, string?> { ["LC_ALL"] = "C" };

    // Debian and Ubuntu install LLVM's tools with their version only.
    private static readonly string[] s_llvm = ["llvm-objcopy", .. Enumerable.Range(0, 12).Select(i => $"llvm-objcopy-{22 - i}")];

    private static string? Locate(IReadOnlyList<string> names, StripOptions options) => ExternalTool.Find(names, null, options.SearchPath, options.SearchPath is null);

    private static IReadOnlyList<string> Names(ElfFile elf) => IsNative(elf)
        ? ["objcopy", .. s_llvm]
        : [.. s_llvm, .. Triplets(elf).Select(t => t + "-objcopy")];

    private static bool IsNative(ElfFile elf) => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => elf.Machine is ElfConstants.MachineX64 or 3,
        Architecture.X86 => elf.Machine is 3,
        Architecture.Arm64 => elf.Machine == ElfConstants.MachineArm64,
        Architecture.Arm => elf.Machine == ElfConstants.MachineArm,
        Architecture.RiscV64 => elf.Machine == ElfConstants.MachineRiscV && elf.Is64,
        Architecture.S390x => elf.Machine == 22,
        Architecture.Ppc64le => elf.Machine == 21 && !elf.BigEndian,
        Architecture.LoongArch64 => elf.Machine == 258,
        _ => false,
    };

    private static IReadOnlyList<string> Triplets(ElfFile elf) => elf.Machine switch
    {
        ElfConstants.MachineX64 => ["x86_64-linux-gnu"],
        3 => ["i686-linux-gnu", "x86_64-linux-gnu"],
        ElfConstants.MachineArm64 => ["aarch64-linux-gnu"],
        ElfConstants.MachineArm => ["arm-linux-gnueabihf", "arm-linux-gnueabi"],
        ElfConstants.MachineRiscV when elf.Is64 => ["riscv64-linux-gnu"],
        22 => ["s390x-linux-gnu"],
        21 => [elf.BigEndian ? "powerpc64-linux-gnu" : "powerpc64le-linux-gnu"],
        258 => ["loongarch64-linux-gnu"],
        _ => [],
    };

    [GeneratedRegex(@"\d+\.\d+(\.\d+)*")]
    private static partial Regex Version();
}
