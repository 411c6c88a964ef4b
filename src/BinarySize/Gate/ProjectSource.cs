using System.Xml;
using BinarySize.Budgets;

namespace BinarySize.Gate;

/// <summary>
/// Finds the line of a project file on which something was written. MSBuild tells a task the file of an item, not the line.
/// </summary>
public static class ProjectSource
{
    /// <summary>
    /// Where <paramref name="file"/> has an element <paramref name="element"/> whose Include lists <paramref name="include"/>
    /// (or, null, which has text); of several the one behind the first <paramref name="skip"/>.
    /// </summary>
    public static SourceLocation Find(string file, string element, string? include, int skip = 0)
    {
        SourceLocation? last = null;
        try
        {
            using var reader = new XmlTextReader(file) { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null };
            while (reader.Read())
            {
                if (reader.NodeType != XmlNodeType.Element || !reader.LocalName.Equals(element, StringComparison.OrdinalIgnoreCase)) continue;
                string? names = reader.GetAttribute("Include");
                bool found = include is null
                    ? names is null && reader.GetAttribute("Update") is null && reader.GetAttribute("Remove") is null
                    : names?.Split(';', StringSplitOptions.TrimEntries).Contains(include, StringComparer.OrdinalIgnoreCase) == true;
                if (!found) continue;
                last = new SourceLocation(file, reader.LineNumber, Math.Max(1, reader.LinePosition - 1));
                if (skip-- == 0) return last;
            }
        }
        catch (Exception e) when (e is XmlException or IOException or UnauthorizedAccessException)
        {
            // The file is known, the line is a courtesy.
        }
        return last ?? new SourceLocation(file, 0, 0);
    }

    /// <summary>Where the property stands: in the project, or in a Directory.Build.props or .targets above it, else the project itself.</summary>
    public static SourceLocation FindProperty(string project, string property) =>
        Candidates(project).Select(file => Find(file, property, null)).FirstOrDefault(found => found.Line > 0) ?? new SourceLocation(project, 0, 0);

    /// <summary>Where an item stands whose Include lists <paramref name="include"/>: in the project, or in a Directory.Build.props or .targets above it, else the project itself.</summary>
    public static SourceLocation FindItem(string project, string item, string include) =>
        Candidates(project).Select(file => Find(file, item, include)).FirstOrDefault(found => found.Line > 0) ?? new SourceLocation(project, 0, 0);

    /// <summary>A source file as symbols name it: mapped paths (/_/Program.cs) lie below the project, or below the repository that it is in.</summary>
    public static string FindSource(string project, string file)
    {
        if (!file.StartsWith("/_/", StringComparison.Ordinal)) return file;
        for (string? folder = Path.GetDirectoryName(project); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            string path = Path.Combine(folder, file[3..]);
            if (File.Exists(path)) return path;
        }
        return file;
    }

    /// <summary>The project, and every Directory.Build.props and .targets above it, the nearest first.</summary>
    public static IEnumerable<string> Candidates(string project)
    {
        yield return project;
        for (string? folder = Path.GetDirectoryName(project); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            foreach (string name in (string[])["Directory.Build.props", "Directory.Build.targets"])
            {
                string file = Path.Combine(folder, name);
                if (File.Exists(file)) yield return file;
            }
        }
    }
}
