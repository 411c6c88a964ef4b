using System.Globalization;
using System.Text.RegularExpressions;

namespace BinarySize.EndToEnd;

/// <summary>An entry of an archive as another tool lists it.</summary>
internal readonly record struct Entry(long Packed, long Unpacked);

/// <summary>Numbers from tools that we did not write.</summary>
internal static partial class Oracle
{
    /// <summary>Bytes of each file below a folder, by path, from find.</summary>
    public static SortedDictionary<string, long> Files(string folder)
    {
        var files = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (string line in Tool.Run("find", folder, "-type", "f", "-printf", "%s\t%P\n").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line.Split('\t', 2);
            files.Add(parts[1], Number(parts[0]));
        }
        return files;
    }

    /// <summary>Bytes of all files below a folder, from du. Folders themselves have a size there, which does not ship.</summary>
    public static long DiskUsage(string folder) =>
        Number(Tool.Run("bash", "-c", "find \"$1\" -type f -print0 | du -lcb --files0-from=- | tail -1 | cut -f1", "du", folder).Trim());

    /// <summary>Bytes of one file, from stat.</summary>
    public static long Size(string file) => Number(Tool.Run("stat", "-Lc", "%s", file).Trim());

    /// <summary>Bytes in the file of each section of an ELF file, from readelf; sections that take none are left out.</summary>
    public static SortedDictionary<string, long> Sections(string file)
    {
        var sections = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (Match m in SectionLine().Matches(Tool.Run("readelf", "-SW", file)))
        {
            long size = long.Parse(m.Groups["size"].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (size > 0 && m.Groups["type"].Value != "NOBITS") sections[m.Groups["name"].Value] = sections.GetValueOrDefault(m.Groups["name"].Value) + size;
        }
        return sections;
    }

    /// <summary>Entries of a zip archive, folders left out, from unzip.</summary>
    public static SortedDictionary<string, Entry> Zip(string file)
    {
        var entries = new SortedDictionary<string, Entry>(StringComparer.Ordinal);
        foreach (Match m in ZipLine().Matches(Tool.Run("unzip", "-lv", file)))
        {
            if (!m.Groups["name"].Value.EndsWith('/')) entries.Add(m.Groups["name"].Value, new Entry(Number(m.Groups["packed"].Value), Number(m.Groups["size"].Value)));
        }
        return entries;
    }

    /// <summary>Regular files of a tar archive, packed or not, from tar.</summary>
    public static SortedDictionary<string, long> Tar(string file)
    {
        var entries = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (Match m in TarLine().Matches(Tool.Run("tar", "--numeric-owner", "-tvf", file))) entries.Add(m.Groups["name"].Value, Number(m.Groups["size"].Value));
        return entries;
    }

    private static long Number(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\s*\[\s*\d+\] (?<name>\S+)\s+(?<type>\S+)\s+[0-9a-f]{16} [0-9a-f]+ (?<size>[0-9a-f]+) ", RegexOptions.Multiline)]
    private static partial Regex SectionLine();

    [GeneratedRegex(@"^\s*(?<size>\d+)\s+\S+\s+(?<packed>\d+)\s+-?\d+%\s+\S+\s+\S+\s+[0-9a-f]{8}  (?<name>.+)$", RegexOptions.Multiline)]
    private static partial Regex ZipLine();

    [GeneratedRegex(@"^-\S+\s+\S+\s+(?<size>\d+) \S+ \S+ (?<name>.+)$", RegexOptions.Multiline)]
    private static partial Regex TarLine();
}
