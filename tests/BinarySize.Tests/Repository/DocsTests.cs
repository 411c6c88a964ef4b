using System.Text.RegularExpressions;
using System.Xml.Linq;
using BinarySize.Budgets;

namespace BinarySize.Tests.Repository;

/// <summary>Holds the documentation against the targets and the code, both ways, so that neither drifts.</summary>
public partial class DocsTests
{
    private static string Read(params string[] path) => File.ReadAllText(Path.Combine([Samples.Root, .. path]));

    private static string Reference => Read("docs", "reference.md");

    // Everything that MSBuild evaluates: the two halves of the pipeline and what they import.
    private static IEnumerable<string> BuildFiles =>
        Directory.EnumerateFiles(Path.Combine(Samples.Root, "build"), "*.*", SearchOption.AllDirectories).Where(f => Path.GetExtension(f) is ".props" or ".targets").Order(StringComparer.Ordinal);

    private static string BuildText => string.Concat(BuildFiles.Select(File.ReadAllText));

    private static string Section(string text, string heading)
    {
        int start = text.IndexOf($"\n{heading}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"docs/reference.md has no '{heading}'");
        string level = heading[..heading.IndexOf(' ')];
        Match end = Regex.Match(text[(start + heading.Length + 2)..], $@"^#{{1,{level.Length}}} ", RegexOptions.Multiline);
        return end.Success ? text.Substring(start, heading.Length + 2 + end.Index) : text[start..];
    }

    private static SortedSet<string> FirstColumn(string section) =>
        new(FirstCell().Matches(section).Select(m => m.Groups[1].Value), StringComparer.Ordinal);

    [Fact]
    public void Every_public_property_is_in_the_reference_and_the_other_way_round()
    {
        string code = Comments().Replace(BuildText, "");
        // What is read as $(…) or set as an element; names of targets, items and tasks look alike and are taken out.
        var names = new SortedSet<string>(PropertyNames().Matches(code).Select(m => m.Groups[1].Value + m.Groups[2].Value), StringComparer.Ordinal);
        names.RemoveWhere(n => n.EndsWith("DependsOn", StringComparison.Ordinal));
        Assert.Equal(names, FirstColumn(Section(Reference, "## Properties")));
    }

    [Fact]
    public void Every_public_item_is_in_the_reference_and_the_other_way_round()
    {
        var items = new SortedSet<string>(ItemNames().Matches(Comments().Replace(BuildText, "")).Select(m => m.Groups[1].Value), StringComparer.Ordinal);
        var documented = new SortedSet<string>(ItemHeadings().Matches(Section(Reference, "## Items")).Select(m => m.Groups[1].Value), StringComparer.Ordinal);
        Assert.Equal(items, documented);
    }

    [Fact]
    public void Every_metadata_of_a_budget_is_in_the_reference()
    {
        SortedSet<string> documented = FirstColumn(Section(Reference, "### `BinarySizeBudget`"));
        foreach (string name in BudgetParser.KnownMetadata)
        {
            if (name.StartsWith("MaxGrowth", StringComparison.Ordinal)) Assert.Contains($"`{name}`", Reference, StringComparison.Ordinal);
            else Assert.Contains(name, documented);
        }
        Assert.Subset(new HashSet<string>(BudgetParser.KnownMetadata), documented);
    }

    [Fact]
    public void Every_public_target_is_in_the_reference_and_the_other_way_round()
    {
        var targets = new SortedSet<string>(BuildFiles.SelectMany(f => XDocument.Load(f).Descendants("Target")).Select(t => (string)t.Attribute("Name")!).Where(n => !n.StartsWith('_')), StringComparer.Ordinal);
        Assert.Equal(targets, FirstColumn(Section(Reference, "## Targets")));
    }

    [Fact]
    public void Every_diagnostic_has_a_page_and_a_row_and_every_page_a_diagnostic()
    {
        var used = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string folder in (string[])["src", "build"])
        {
            foreach (string file in Directory.EnumerateFiles(Path.Combine(Samples.Root, folder), "*.*", SearchOption.AllDirectories))
            {
                if (Path.GetExtension(file) is ".cs" or ".targets" or ".props") used.UnionWith(QuotedCodes().Matches(File.ReadAllText(file)).Select(m => m.Groups[1].Value));
            }
        }
        var pages = new SortedSet<string>(Directory.EnumerateFiles(Path.Combine(Samples.Root, "docs", "diagnostics"), "*.md").Select(f => Path.GetFileNameWithoutExtension(f)), StringComparer.Ordinal);
        var rows = new SortedSet<string>(Codes().Matches(Section(Reference, "## Diagnostics")).Select(m => m.Value), StringComparer.Ordinal);
        Assert.Equal(used, pages);
        Assert.Equal(used, rows);
        foreach (string code in pages) Assert.StartsWith($"# {code}: ", Read("docs", "diagnostics", code + ".md"), StringComparison.Ordinal);
    }

    [Fact]
    public void Private_names_begin_with_an_underscore()
    {
        string[] allowed = [.. FirstColumn(Section(Reference, "## Properties")), .. FirstColumn(Section(Reference, "## Targets")),
            .. ItemHeadings().Matches(Reference).Select(m => m.Groups[1].Value), "BinarySizeReportDependsOn"];
        foreach (XElement element in BuildFiles.SelectMany(f => XDocument.Load(f).Descendants()))
        {
            string name = element.Name.LocalName;
            if (name.StartsWith("BinarySize", StringComparison.Ordinal) && !name.Contains('.')) Assert.Contains(name, allowed);
        }
    }

    [Fact]
    public void Links_between_the_documents_lead_somewhere()
    {
        string[] files = [Path.Combine(Samples.Root, "README.md"), .. Directory.EnumerateFiles(Path.Combine(Samples.Root, "docs"), "*.md", SearchOption.AllDirectories)];
        foreach (string file in files)
        {
            foreach (Match link in Links().Matches(File.ReadAllText(file)))
            {
                string target = link.Groups[1].Value.Split('#')[0];
                if (target.Length == 0 || target.Contains("://", StringComparison.Ordinal)) continue;
                string path = Path.Combine(Path.GetDirectoryName(file)!, target);
                Assert.True(File.Exists(path) || Directory.Exists(path), $"{file} links to '{target}', which does not exist");
            }
        }
    }

    [GeneratedRegex(@"^\| `(\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex FirstCell();

    [GeneratedRegex(@"\$\((BinarySize\w+)\)|<(BinarySize(?!\.)\w+)(?! Include=)(?: [^>]*)?>")]
    private static partial Regex PropertyNames();

    [GeneratedRegex(@"@\((BinarySize\w+)")]
    private static partial Regex ItemNames();

    [GeneratedRegex(@"^### `(\w+)`$", RegexOptions.Multiline)]
    private static partial Regex ItemHeadings();

    [GeneratedRegex(@"""(BSZ\d{4})""")]
    private static partial Regex QuotedCodes();

    [GeneratedRegex(@"BSZ\d{4}(?=\])")]
    private static partial Regex Codes();

    [GeneratedRegex(@"<!--.*?-->", RegexOptions.Singleline)]
    private static partial Regex Comments();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Links();
}
