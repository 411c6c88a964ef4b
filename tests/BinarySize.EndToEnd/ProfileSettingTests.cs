using System.Text;
using System.Text.RegularExpressions;

namespace BinarySize.EndToEnd;

/// <summary>
/// What each profile sets for each kind of output, and that the project's own value stands: MSBuild's evaluation against the
/// table of docs/profiles.md. All cases of a test are evaluated by one MSBuild.
/// </summary>
public partial class ProfileSettingTests
{
    private static readonly string[] s_profiles = ["Development", "General", "Serverless", "SizeCritical", "Embedded", "WebAssembly"];

    private sealed record Setting(string Name, string For, Version Since, string?[] Values);

    /// <summary>A kind of output: global properties, and which "For" of the table serve it.</summary>
    private sealed record Kind(string Name, string Properties, string[] For, string Framework = "9.0", bool Web = false);

    private const string Ships = "everything that ships", Executables = "executables", Aot = "NativeAOT", Trims = "NativeAOT, trimmed, browser", Links = "trimmed, browser", Bundle = "bundle", Web = "Web SDK", Browser = "browser", NotDebug = "not Debug";

    private static readonly Kind[] s_kinds =
    [
        new("aot", "PublishAot=true", [Ships, Executables, Aot, Trims, NotDebug]),
        new("aot-net8", "PublishAot=true;TargetFramework=net8.0", [Ships, Executables, Aot, Trims, NotDebug], "8.0"),
        new("aot-net10", "PublishAot=true;TargetFramework=net10.0", [Ships, Executables, Aot, Trims, NotDebug], "10.0"),
        new("aot-library", "PublishAot=true;OutputType=Library", [Ships, Executables, Aot, Trims, NotDebug]),
        new("trimmed", "PublishTrimmed=true", [Ships, Executables, Trims, Links, NotDebug]),
        new("trimmed-net10", "PublishTrimmed=true;TargetFramework=net10.0", [Ships, Executables, Trims, Links, NotDebug], "10.0"),
        new("trimmed-single", "PublishTrimmed=true;PublishSingleFile=true", [Ships, Executables, Trims, Links, Bundle, NotDebug]),
        new("single", "PublishSingleFile=true", [Ships, Executables, Bundle, NotDebug]),
        new("single-framework-dependent", "PublishSingleFile=true;SelfContained=false", [Ships, Executables, NotDebug]),
        new("self-contained", "SelfContained=true", [Ships, Executables, NotDebug]),
        new("ready-to-run", "PublishReadyToRun=true", [Ships, Executables, NotDebug]),
        new("framework-dependent", "", [Ships, Executables, NotDebug]),
        new("debug", "Configuration=Debug", [Ships, Executables]),
        new("library", "OutputType=Library", [NotDebug]),
        new("browser", "RuntimeIdentifier=browser-wasm;PublishTrimmed=true;UseMonoRuntime=true;UsingBrowserRuntimeWorkload=false", [Ships, Trims, Links, Browser, NotDebug]),
        new("web-aot", "PublishAot=true", [Ships, Executables, Aot, Trims, Web, NotDebug], Web: true),
        new("web", "", [Ships, Executables, Web, NotDebug], Web: true),
    ];

    private static readonly Setting[] s_settings = [.. TableRow().Matches(File.ReadAllText(Path.Combine(Package.Repository, "docs", "profiles.md"))).Select(m => new Setting(
        m.Groups[1].Value, m.Groups[2].Value.Trim(), Version.Parse(m.Groups[3].Value), [.. m.Groups[4].Value.Split('|').Take(6).Select(v => v.Trim().Trim('`')).Select(v => v == "–" ? null : v)]))];

    private sealed record Case(string Name, Kind Kind, string Profile, string Properties);

    [Fact]
    public void Each_profile_sets_what_the_table_says_and_only_where_it_serves()
    {
        using var app = new ProfileApps();
        var cases = s_kinds.SelectMany(k => s_profiles.Select(p => new Case($"{k.Name}-{p}", k, p, k.Properties))).ToList();
        Dictionary<string, Dictionary<string, string>> plain = app.Evaluate([.. s_kinds.Select(k => new Case($"{k.Name}-None", k, "None", k.Properties))]);
        Dictionary<string, Dictionary<string, string>> found = app.Evaluate(cases);
        foreach (Case one in cases)
        {
            // For a browser alone, and of the others none is for one.
            bool applies = one.Profile != "WebAssembly" || one.Kind.For.Contains(Browser);
            var expected = new SortedDictionary<string, string>(StringComparer.Ordinal);
            var actual = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (Setting setting in s_settings)
            {
                string? value = setting.Values[Array.IndexOf(s_profiles, one.Profile)];
                bool serves = applies && one.Kind.For.Contains(setting.For) && setting.Since <= Version.Parse(one.Kind.Framework);
                expected[setting.Name] = serves && value is not null ? value.Replace("<project>", app.Folder(one.Kind), StringComparison.Ordinal) : plain[$"{one.Kind.Name}-None"][setting.Name];
                actual[setting.Name] = found[one.Name][setting.Name];
            }
            Assert.True(expected.SequenceEqual(actual), $"{one.Name}: {string.Join(", ", expected.Where(e => actual[e.Key] != e.Value).Select(e => $"{e.Key} is '{actual[e.Key]}', not '{e.Value}'"))}");
        }
    }

    [Fact]
    public void Without_a_profile_nothing_is_set_and_the_web_sdk_has_its_own_way()
    {
        using var app = new ProfileApps();
        Kind web = s_kinds.Single(k => k.Name == "web"), aot = s_kinds.Single(k => k.Name == "web-aot"), plain = s_kinds.Single(k => k.Name == "aot");
        Dictionary<string, Dictionary<string, string>> found = app.Evaluate(
        [
            new("none", web, "None", ""), new("none-aot", aot, "None", "PublishAot=true"), new("off", aot, "Embedded", "PublishAot=true;BinarySizeEnabled=false"),
            new("off-plain", plain, "Embedded", "PublishAot=true;BinarySizeEnabled=false"),
            // What the project says outright stands, although it is what the Web SDK would say.
            new("asked", aot, "Embedded", "PublishAot=true;ServerGarbageCollection=true;EventSourceSupport=true"),
            new("any-case", plain, "sizecritical", "PublishAot=true"),
        ]);
        Assert.Equal(("true", ""), (found["none"]["ServerGarbageCollection"], found["none"]["EventSourceSupport"]));
        Assert.Equal(("true", "true"), (found["none-aot"]["ServerGarbageCollection"], found["none-aot"]["EventSourceSupport"]));
        Assert.Equal(("true", "true"), (found["off"]["ServerGarbageCollection"], found["off"]["EventSourceSupport"]));
        Assert.Equal(("true", "true"), (found["asked"]["ServerGarbageCollection"], found["asked"]["EventSourceSupport"]));
        Assert.All(["InvariantGlobalization", "OptimizationPreference", "PathMap"], name => Assert.Equal("", found["off-plain"][name]));
        // What shrinking reads has a value always: its own default, where nobody made one.
        Assert.All(["none", "none-aot", "off", "off-plain"], name => Assert.Equal(("false", "false", "false", ""),
            (found[name]["BinarySizePack"], found[name]["BinarySizePackLzma"], found[name]["BinarySizeStrip"], found[name]["BinarySizeRemoveFiles"])));
        Assert.Equal("true", found["any-case"]["InvariantGlobalization"]);
        Assert.Equal("true", found["any-case"]["BinarySizePack"]);
    }

    [Theory]
    [InlineData("project")]
    [InlineData("Directory.Build.props")]
    [InlineData("-p:")]
    public void The_projects_own_value_stands_for_every_setting_of_every_profile(string where)
    {
        using var app = new ProfileApps();
        string own = string.Concat(s_settings.Select(s => $"<{s.Name}>own</{s.Name}>"));
        if (where == "project") app.AddToProjects(own);
        else if (where == "Directory.Build.props") app.AddToProps(own);
        string global = where == "-p:" ? string.Concat(s_settings.Select(s => $";{s.Name}=own")) : "";
        var cases = s_kinds.Where(k => k.Name is "aot" or "trimmed-net10" or "trimmed-single" or "browser" or "web-aot" or "framework-dependent")
            .SelectMany(k => s_profiles.Select(p => new Case($"{k.Name}-{p}", k, p, (k.Properties + global).TrimStart(';')))).ToList();
        foreach ((string name, Dictionary<string, string> values) in app.Evaluate(cases))
        {
            Assert.True(values.All(v => v.Value == "own"), $"{name}: {string.Join(", ", values.Where(v => v.Value != "own"))}");
        }
    }

    /// <summary>A console and a web project, restored; the values of the table's settings in any number of evaluations.</summary>
    private sealed class ProfileApps : IDisposable
    {
        private readonly TestProject _console = TestProject.Console(framework: "net9.0");
        private readonly TestProject _web = new();

        public ProfileApps()
        {
            _web.Write("App.csproj", TestProject.Text(framework: "net9.0", sdk: "Microsoft.NET.Sdk.Web"));
            _web.Write("Program.cs", "System.Console.WriteLine();\n");
            foreach (TestProject project in (TestProject[])[_console, _web])
            {
                project.Write("Directory.Build.targets", $"""
                    <Project>
                      <Target Name="Dump">
                        <WriteLinesToFile File="$(DumpFile)" Overwrite="true" Lines="{string.Join(';', s_settings.Select(s => $"{s.Name}=$([MSBuild]::Escape('$({s.Name})'))"))}" />
                      </Target>
                    </Project>
                    """);
                project.Succeed("restore");
            }
        }

        public string Folder(Kind kind) => (kind.Web ? _web : _console).Folder + "/";

        public void AddToProjects(string properties)
        {
            foreach (TestProject project in (TestProject[])[_console, _web]) project.Write("App.csproj", File.ReadAllText(project.ProjectFile).Replace("</PropertyGroup>", properties + "</PropertyGroup>", StringComparison.Ordinal));
        }

        public void AddToProps(string properties)
        {
            foreach (TestProject project in (TestProject[])[_console, _web]) project.Write("Directory.Build.props", $"<Project><PropertyGroup>{properties}</PropertyGroup></Project>");
        }

        public Dictionary<string, Dictionary<string, string>> Evaluate(List<Case> cases)
        {
            var calls = new StringBuilder("<Project><Target Name=\"All\">\n");
            foreach (Case one in cases)
            {
                TestProject project = one.Kind.Web ? _web : _console;
                string configuration = one.Properties.Contains("Configuration=", StringComparison.Ordinal) ? "" : "Configuration=Release;";
                calls.Append($"<MSBuild Projects=\"{project.ProjectFile}\" Targets=\"Dump\" Properties=\"DumpFile={_console.PathOf(one.Name)}.txt;BinarySizeProfile={one.Profile};{configuration}{one.Properties.TrimEnd(';')}\" />\n");
            }
            Outcome outcome = new TestProject("Matrix").Use(matrix =>
            {
                string file = matrix.Write("Matrix.proj", calls.Append("</Target></Project>").ToString());
                return matrix.Dotnet("msbuild", file, "-v:q");
            });
            Assert.True(outcome.Code == 0, outcome.ToString());
            return cases.ToDictionary(c => c.Name, c => File.ReadAllLines(_console.PathOf(c.Name + ".txt")).Select(l => l.Split('=', 2)).ToDictionary(p => p[0], p => p[1].Replace("%3b", ";", StringComparison.OrdinalIgnoreCase)));
        }

        public void Dispose()
        {
            _console.Dispose();
            _web.Dispose();
        }
    }

    [GeneratedRegex(@"^\| `(\w+)` \|([^|]+)\| net([\d.]+) \|((?:[^|]+\|){6})$", RegexOptions.Multiline)]
    private static partial Regex TableRow();
}

internal static class Disposing
{
    /// <summary>Uses something and throws it away.</summary>
    public static TResult Use<T, TResult>(this T thing, Func<T, TResult> use) where T : IDisposable
    {
        using (thing) return use(thing);
    }
}
