using System.Text.RegularExpressions;
using System.Xml.Linq;
using BinarySize.Shrinking;

namespace BinarySize.Tests.Repository;

/// <summary>
/// One table of settings by profile: docs/profiles.md, build/profiles/*.props, and what the check and the measuring script
/// know of them are the same.
/// </summary>
public partial class ProfileTableTests
{
    private static readonly string[] s_profiles = ["Development", "General", "Serverless", "SizeCritical", "Embedded", "WebAssembly"];

    // What a row's "For" stands for in the files.
    private static readonly Dictionary<string, string> s_for = new()
    {
        ["'$(_BinarySizeShips)' == 'true'"] = "everything that ships",
        ["'$(_BinarySizeMachine)' == 'true'"] = "executables",
        ["'$(_BinarySizeOutput)' == 'NativeAot'"] = "NativeAOT",
        ["'$(_BinarySizeTrims)' == 'true'"] = "NativeAOT, trimmed, browser",
        ["'$(_BinarySizeLinks)' == 'true'"] = "trimmed, browser",
        ["'$(_BinarySizeBundle)' == 'true'"] = "bundle",
        ["'$(_BinarySizeWebServerGC)' == 'true'"] = "Web SDK",
        ["'$(Configuration)' != '' and '$(Configuration)' != 'Debug'"] = "not Debug",
        // The whole file is imported for that target alone.
        [""] = "browser",
    };

    // Kinds that a browser app is none of.
    private static readonly string[] s_notInBrowsers = ["executables", "NativeAOT", "bundle", "Web SDK"];

    private sealed record Row(string Setting, string For, string Since, string Values);

    private static string Docs => File.ReadAllText(Path.Combine(Samples.Root, "docs", "profiles.md"));

    [Fact]
    public void The_table_is_what_the_files_say()
    {
        var expected = new SortedDictionary<string, Row>(StringComparer.Ordinal);
        foreach (Match m in TableRow().Matches(Section("## Settings")))
        {
            expected.Add(m.Groups[1].Value, new Row(m.Groups[1].Value, m.Groups[2].Value.Trim(), m.Groups[3].Value.Trim(), string.Join(" | ", m.Groups[4].Value.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))));
        }
        Assert.True(expected.Count > 20, $"{expected.Count} rows");

        var chains = s_profiles.ToDictionary(p => p, Chain);
        var actual = new SortedDictionary<string, Row>(StringComparer.Ordinal);
        foreach ((string setting, string group) in chains.Values.SelectMany(c => c.Select(s => (s.Setting, s.Condition))).Distinct())
        {
            (string kind, string since) = KindOf(group);
            var values = s_profiles.Select(p =>
            {
                // The first one that is evaluated wins, as later ones see a value.
                string? value = chains[p].Where(s => s.Setting == setting).Select(s => s.Value).FirstOrDefault();
                return value is null || (p == "WebAssembly" && s_notInBrowsers.Contains(kind)) ? "–" : $"`{value}`";
            });
            actual.Add(setting, new Row(setting, kind, since, string.Join(" | ", values)));
        }
        Assert.Equal(expected.Values, actual.Values);
    }

    [Fact]
    public void A_profile_is_a_file_and_the_names_are_those_of_the_files()
    {
        string[] files = [.. Directory.GetFiles(Path.Combine(Samples.Root, "build", "profiles"), "*.props").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];
        Assert.Equal(s_profiles.Order(StringComparer.Ordinal), files);
        string props = File.ReadAllText(Path.Combine(Samples.Root, "build", "BinarySize.Build.Profiles.props"));
        Assert.Equal(files, Chosen(props));

        // In any case of letters, and with the file's own after it.
        static IEnumerable<string> Chosen(string props) => Named().Matches(props).Select(m => m.Groups[1].Value).Order(StringComparer.Ordinal);
    }

    [GeneratedRegex(@"<_BinarySizeProfile Condition=""'\$\(BinarySizeProfile\)' == '(\w+)'"">\1</_BinarySizeProfile>")]
    private static partial Regex Named();

    [Fact]
    public void Each_setting_is_made_only_where_nobody_made_it()
    {
        foreach (string profile in s_profiles)
        {
            foreach (XElement setting in Document(profile).Descendants("PropertyGroup").Elements())
            {
                Assert.Equal($"'$({setting.Name.LocalName})' == ''", (string?)setting.Attribute("Condition"));
            }
        }
    }

    [Fact]
    public void What_each_gives_up_and_how_to_keep_it_off_is_told()
    {
        string[] settings = [.. TableRow().Matches(Section("## Settings")).Select(m => m.Groups[1].Value)];
        string[] told = [.. GivesUp().Matches(Section("## What each gives up")).Select(m => m.Groups[1].Value)];
        Assert.Equal(settings, told);
    }

    [Fact]
    public void What_each_saves_is_measured_with_the_value_that_the_profiles_set()
    {
        var values = TableRow().Matches(Section("## Settings")).ToDictionary(m => m.Groups[1].Value, m => m.Groups[4].Value);
        MatchCollection measured = Measured().Matches(Section("## What each saves"));
        Assert.True(measured.Count >= 15, $"{measured.Count} settings are measured");
        foreach (Match m in measured) Assert.Contains($"`{m.Groups[2].Value}`", values[m.Groups[1].Value], StringComparison.Ordinal);
        Assert.Equal(measured.Select(m => m.Groups[1].Value).Order(StringComparer.Ordinal), Script().Matches(File.ReadAllText(Path.Combine(Samples.Root, "eng", "profiles", "measure.sh"))).Select(m => m.Groups[1].Value).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_the_check_looks_at_is_what_the_targets_tell_it()
    {
        string props = File.ReadAllText(Path.Combine(Samples.Root, "build", "BinarySize.Build.Profiles.props"));
        string targets = File.ReadAllText(Path.Combine(Samples.Root, "build", "BinarySize.Build.Profiles.targets"));
        Assert.Contains(string.Join(';', ProfileConflicts.Settings.Keys.Select(s => $"{s}=$({s})").Order(StringComparer.Ordinal)), Sorted(Chosen().Match(props).Groups[1].Value), StringComparison.Ordinal);
        Assert.Equal(Sorted(Chosen().Match(props).Groups[1].Value), Sorted(CheckSettings().Match(targets).Groups[1].Value));

        static string Sorted(string list) => string.Join(';', list.Split(';').Order(StringComparer.Ordinal));
    }

    private static XDocument Document(string profile) => XDocument.Load(Path.Combine(Samples.Root, "build", "profiles", profile + ".props"));

    // Settings in the order of evaluation: a profile's own, then those of the one that it takes in.
    private static List<(string Setting, string Value, string Condition)> Chain(string profile)
    {
        var settings = new List<(string, string, string)>();
        for (string? file = profile; file is not null;)
        {
            XElement root = Document(file).Root!;
            foreach (XElement group in root.Elements("PropertyGroup"))
            {
                foreach (XElement setting in group.Elements())
                {
                    string value = setting.Name.LocalName == "PathMap" && setting.Value.EndsWith("=/_/", StringComparison.Ordinal) ? "<project>=/_/" : setting.Value;
                    settings.Add((setting.Name.LocalName, value, (string?)group.Attribute("Condition") ?? ""));
                }
            }
            string? next = (string?)root.Elements("Import").SingleOrDefault()?.Attribute("Project");
            file = next is null ? null : Path.GetFileNameWithoutExtension(next);
        }
        return settings;
    }

    private static (string For, string Since) KindOf(string condition)
    {
        Match since = Version().Match(condition);
        string rest = since.Success ? condition.Remove(since.Index, since.Length) : condition;
        return (s_for[rest], since.Success ? $"net{since.Groups[1].Value}" : "net8.0");
    }

    private static string Section(string heading)
    {
        string docs = Docs;
        int start = docs.IndexOf($"\n{heading}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, heading);
        int end = docs.IndexOf("\n## ", start + 4, StringComparison.Ordinal);
        return end < 0 ? docs[start..] : docs[start..end];
    }

    [GeneratedRegex(@"^\| `(\w+)` \|([^|]+)\| (net[\d.]+) \|((?:[^|]+\|){6})$", RegexOptions.Multiline)]
    private static partial Regex TableRow();

    [GeneratedRegex(@"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", RegexOptions.Multiline)]
    private static partial Regex GivesUp();

    [GeneratedRegex(@"^\| `(\w+)=(\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex Measured();

    [GeneratedRegex(@"^(\w+) \w+ (?:aot|single|single10) \w+$", RegexOptions.Multiline)]
    private static partial Regex Script();

    [GeneratedRegex(@" and \$\(\[MSBuild\]::VersionGreaterThanOrEquals\('\$\(_BinarySizeFramework\)', '([\d.]+)'\)\)")]
    private static partial Regex Version();

    [GeneratedRegex(@"<_BinarySizeChosen>([^<]+)</_BinarySizeChosen>")]
    private static partial Regex Chosen();

    [GeneratedRegex(@"<_BinarySizeCheckedSettings>([^<]+)</_BinarySizeCheckedSettings>")]
    private static partial Regex CheckSettings();
}
