using System.Globalization;
using System.Text.RegularExpressions;

namespace BinarySize.Shrinking;

/// <summary>A UPX that can be used.</summary>
/// <param name="Path">Full path of the program.</param>
/// <param name="Version">Its version.</param>
/// <param name="VersionText">The version as it says it: "4.2.2", "5.0.0-devel.20240101+".</param>
public sealed partial record UpxTool(string Path, Version Version, string VersionText)
{
    /// <summary>The oldest version that is accepted: the first one whose ELF packer is the one that is tested here.</summary>
    public static Version OldestVersion { get; } = new(4, 0, 0);

    /// <summary>Name and version for a ledger: "UPX 4.2.2".</summary>
    public string Name => "UPX " + VersionText;

    /// <summary>
    /// Looks UPX up and asks it for its version. One that is missing, too old or not UPX is a result with its diagnostic.
    /// </summary>
    /// <param name="path">The one that the user named; null or empty: looked up on the PATH and in well-known places.</param>
    /// <param name="searchPath">PATH to look in; null: this process's.</param>
    /// <param name="cancel">Ends the program that is asked.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static UpxLookup Find(string? path = null, string? searchPath = null, CancellationToken cancel = default)
    {
        string? program = ExternalTool.Find(["upx", "upx-ucl"], path, searchPath, wellKnownPlaces: searchPath is null);
        if (program is null)
        {
            return new UpxLookup(null, StepCodes.UpxMissing, string.IsNullOrWhiteSpace(path)
                ? $"UPX is not on this machine. Install it: {InstallCommand()}; or name it with BinarySizeUpxPath."
                : $"UPX is not at '{path}', which BinarySizeUpxPath names. Correct the path, or install UPX ({InstallCommand()}) and leave the property empty.");
        }
        ToolRun run = ExternalTool.Run(program, ["--version"], new ToolOptions { Timeout = TimeSpan.FromSeconds(20), Environment = PackStep.ToolEnvironment }, cancel);
        foreach (string line in run.Succeeded ? run.Output : [])
        {
            if (VersionLine().Match(line) is not { Success: true } match) continue;
            if (!int.TryParse(match.Groups[2].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int major)
                || !int.TryParse(match.Groups[3].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int minor)) break;
            _ = int.TryParse(match.Groups[4].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int patch);
            var tool = new UpxTool(program, new Version(major, minor, patch), match.Groups[1].Value);
            return tool.Version >= OldestVersion
                ? new UpxLookup(tool, null, null)
                : new UpxLookup(null, StepCodes.UpxVersion, $"'{program}' is UPX {tool.VersionText}; {OldestVersion} is the oldest that is used. Newer ones: {Releases}; name one with BinarySizeUpxPath.");
        }
        string said = run.Succeeded ? run.Output.Count == 0 ? "nothing" : $"'{run.Output[0]}'" : run.Describe(1);
        return new UpxLookup(null, StepCodes.UpxVersion, $"'{program}' does not say which UPX it is ({said} for --version). Name another with BinarySizeUpxPath, or install UPX: {InstallCommand()}.");
    }

    /// <summary>The command that installs UPX on this system; the page of releases where no package manager is known.</summary>
    public static string InstallCommand()
    {
        if (OperatingSystem.IsMacOS()) return "brew install upx";
        if (OperatingSystem.IsWindows()) return "winget install UPX.UPX (or: choco install upx)";
        try
        {
            return InstallCommand(File.ReadAllText("/etc/os-release"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Releases;
        }
    }

    /// <summary>The same for a Linux distribution by its /etc/os-release.</summary>
    internal static string InstallCommand(string osRelease)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (Match match in Distribution().Matches(osRelease)) names.UnionWith(match.Groups[1].Value.Split([' ', '"', '\''], StringSplitOptions.RemoveEmptyEntries));
        if (names.Overlaps(["debian", "ubuntu"])) return "apt-get install upx-ucl";
        if (names.Overlaps(["fedora", "rhel", "centos", "mariner", "azurelinux"])) return "dnf install upx";
        if (names.Overlaps(["alpine", "wolfi"])) return "apk add upx";
        if (names.Overlaps(["arch"])) return "pacman -S upx";
        if (names.Overlaps(["suse", "opensuse"])) return "zypper install upx";
        return Releases;
    }

    private const string Releases = "https://github.com/upx/upx/releases";

    [GeneratedRegex(@"^upx ((\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?[\w.+-]{0,60})$")]
    private static partial Regex VersionLine();

    [GeneratedRegex(@"^ID(?:_LIKE)?=(.*)$", RegexOptions.Multiline)]
    private static partial Regex Distribution();
}

/// <summary>What looking for UPX came to: a tool, or the code and reason why there is none.</summary>
/// <param name="Tool">The tool; null where there is none to use.</param>
/// <param name="Code"><see cref="StepCodes.UpxMissing"/> or <see cref="StepCodes.UpxVersion"/>; null where there is a tool.</param>
/// <param name="Reason">One line with what to do; it may hold text from outside.</param>
public sealed record UpxLookup(UpxTool? Tool, string? Code, string? Reason);
