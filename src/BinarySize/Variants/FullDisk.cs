using System.Text.RegularExpressions;

namespace BinarySize.Variants;

/// <summary>Whether something went wrong because a disk is full, and which.</summary>
internal static partial class FullDisk
{
    private const string Beginning = "the disk is full: ";

    // A tool that could not write a whole file leaves this much at most.
    private const long NearlyNothing = 256 << 10;

    /// <summary>True for a reason that <see cref="Find"/> gave.</summary>
    public static bool Says(string? reason) => reason is not null && reason.StartsWith(Beginning, StringComparison.Ordinal);

    /// <summary>What is full, in one line, and what helps; null where nothing says that a disk is.</summary>
    /// <param name="said">What programs said.</param>
    /// <param name="folder">The folder for temporary files that was written to.</param>
    public static string? Find(IEnumerable<string> said, string folder)
    {
        string? line = said.FirstOrDefault(l => NoSpace().IsMatch(l));
        long free = Free(folder);
        if (line is null && free >= NearlyNothing) return null;
        // Another disk's, that of the packages for example.
        if (line is not null && free >= NearlyNothing && !line.Contains(folder, StringComparison.Ordinal)) return Beginning + line.Trim();
        return $"{Beginning}no space left in {Path.GetDirectoryName(folder)}; {(OperatingSystem.IsWindows() ? "TEMP" : "TMPDIR")} names another folder";
    }

    private static long Free(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return long.MaxValue;
        }
    }

    // strerror(ENOSPC) and EDQUOT; ERROR_DISK_FULL of Windows.
    [GeneratedRegex("No space left on device|Disk quota exceeded|not enough space on the disk")]
    private static partial Regex NoSpace();
}
