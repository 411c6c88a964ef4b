using System.Text.Json;
using System.Text.RegularExpressions;

namespace BinarySize.EndToEnd;

/// <summary>Budgets on growth in a real repository, from the first baseline to an approval.</summary>
public class BaselineTests
{
    private const string Items = """
          <ItemGroup>
            <BinarySizeBudget Include="app" MaxGrowth="4 KiB" Owner="@core" />
          </ItemGroup>
        """;

    private const string WithLibrary = """
          <ItemGroup>
            <BinarySizeBudget Include="app" MaxGrowth="4 KiB" Owner="@core" />
            <PackageReference Include="Newtonsoft.Json" Version="13.0.3" />
          </ItemGroup>
        """;

    private static void Git(TestProject project, params string[] arguments) =>
        Assert.Equal(0, Tool.Try("git", ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main", .. arguments], project.Folder).Code);

    [Fact]
    public void Growth_fails_with_the_library_named_until_somebody_approves_it()
    {
        using TestProject app = TestProject.Console(Items);
        app.Write(".gitignore", "bin/\nobj/\n");
        Git(app, "init", "-q");
        Git(app, "add", ".");
        Git(app, "commit", "-q", "-m", "start");
        string baseline = app.PathOf("binarysize.baseline.json");

        // Nobody wrote a baseline yet: growth is not judged, and the build says how it would be.
        Outcome first = app.Dotnet("publish");
        Assert.Equal(0, first.Code);
        Diagnostic missing = Assert.Single(TestProject.Diagnostics(first));
        Assert.Equal(("BSZ3001", "warning"), (missing.Code, missing.Kind));
        Assert.Contains("dotnet publish -t:BinarySizeUpdateBaseline", missing.Message);

        app.Succeed("publish", "--no-restore", "-t:BinarySizeUpdateBaseline");
        string written = File.ReadAllText(baseline);
        using (JsonDocument json = JsonDocument.Parse(written))
        {
            JsonProperty entry = Assert.Single(json.RootElement.GetProperty("baselines").EnumerateObject());
            Assert.Equal("net10.0/any/Release/publish", entry.Name);
            Assert.Equal(Oracle.DiskUsage(app.PathOf("bin/Release/net10.0/publish")), entry.Value.GetProperty("files").EnumerateObject().Sum(f => f.Value.GetProperty("size").GetInt64()));
        }
        app.Succeed("publish", "--no-restore", "-t:BinarySizeUpdateBaseline");
        Assert.Equal(written, File.ReadAllText(baseline));
        Git(app, "add", ".");
        Git(app, "commit", "-q", "-m", "baseline");
        app.Succeed("publish", "--no-restore");
        // What nobody wrote down is not asked for on the way.
        app.Succeed("build", "--no-restore");

        // A library comes in, on a branch.
        Git(app, "checkout", "-q", "-b", "topic");
        app.Write("App.csproj", TestProject.Text(WithLibrary, "<OutputType>Exe</OutputType>"));
        app.Write("Program.cs", "System.Console.WriteLine(Newtonsoft.Json.JsonConvert.ToString(\"Hello\"));\n");
        Outcome grown = app.Dotnet("publish");
        Assert.Equal(1, grown.Code);
        Diagnostic error = Assert.Single(TestProject.Diagnostics(grown));
        Assert.Equal(("BSZ2002", "error", app.ProjectFile, 10), (error.Code, error.Kind, error.File, error.Line));
        Assert.Contains("Size budget 'app' (net10.0/Release) grew by ", error.Message);
        Assert.Contains("(main), but may grow by 4.0 KiB", error.Message);
        Assert.Contains("Most: Newtonsoft.Json.dll +695.8 KiB (new)", error.Message);
        Assert.Contains("Newtonsoft.Json is a reference of the project itself.", error.Message);
        Assert.Contains("Owner: @core.", error.Message);
        Assert.Contains(grown.Lines, l => l.Contains("Why app grew +", StringComparison.Ordinal));
        Assert.Contains(grown.Lines, l => l.Contains("+695.8 KiB  Newtonsoft.Json.dll", StringComparison.Ordinal) && l.TrimEnd().EndsWith("new", StringComparison.Ordinal));
        // The second time it is said from memory, and is the same.
        Assert.Equal(error, Assert.Single(TestProject.Diagnostics(app.Dotnet("publish", "--no-restore"))));

        // The change writes the baseline anew, and is judged by the one of main all the same.
        app.Succeed("publish", "--no-restore", "-t:BinarySizeUpdateBaseline");
        Assert.NotEqual(written, File.ReadAllText(baseline));
        Git(app, "commit", "-q", "-a", "-m", "approves itself");
        Assert.Equal("BSZ2002", Assert.Single(app.Fail("publish", "--no-restore")).Code);

        string approval = app.Write("binarysize.approvals/json.json", """{"budget": "app", "allowance": "800 KiB", "reason": "We read JSON now.", "expires": "2099-12-31"}""");
        Outcome approved = app.Succeed("publish", "--no-restore");
        Assert.Contains(approved.Lines, l => l.Contains("'json.json' accepts: We read JSON now.", StringComparison.Ordinal));
        File.WriteAllText(approval, File.ReadAllText(approval).Replace("2099", "2020", StringComparison.Ordinal));
        Diagnostic expired = app.Fail("publish", "--no-restore").Single(d => d.Code == "BSZ3006");
        Assert.Equal(approval, expired.File);
        Assert.Contains("expired on 2020-12-31", expired.Message);
        File.Delete(approval);

        // What is damaged is said with its line, and stays as it is.
        File.WriteAllText(baseline, "{\n<<<<<<< HEAD\n");
        Diagnostic damaged = app.Fail("publish", "--no-restore").Single();
        Assert.Equal(("BSZ3003", baseline, 2), (damaged.Code, damaged.File, damaged.Line));
        Assert.Equal("BSZ3003", app.Fail("publish", "--no-restore", "-t:BinarySizeUpdateBaseline").Single().Code);
        Assert.Equal("{\n<<<<<<< HEAD\n", File.ReadAllText(baseline));

        // Merged, it is the default branch's, where growth is only reported.
        Git(app, "checkout", "-q", "--", ".");
        Git(app, "checkout", "-q", "main");
        Git(app, "merge", "-q", "topic");
        app.Succeed("publish", "--no-restore");
    }

    [Theory]
    [InlineData("PublishAot", "Newtonsoft.Json")]
    [InlineData("PublishTrimmed", "Newtonsoft.Json.dll")]
    public void Growth_of_what_was_compiled_or_trimmed_names_the_package_the_delta_and_the_chain(string how, string grew)
    {
        string native = $"<{how}>true</{how}><SelfContained>true</SelfContained><RuntimeIdentifier>linux-x64</RuntimeIdentifier><SuppressTrimAnalysisWarnings>true</SuppressTrimAnalysisWarnings>";
        using TestProject app = TestProject.Console(Items, native, "net9.0");
        app.Write(".gitignore", "bin/\nobj/\n");
        Git(app, "init", "-q");
        app.Succeed("publish", "-t:BinarySizeUpdateBaseline");
        Git(app, "add", ".");
        Git(app, "commit", "-q", "-m", "baseline");

        Git(app, "checkout", "-q", "-b", "topic");
        app.Write("App.csproj", TestProject.Text(WithLibrary, "<OutputType>Exe</OutputType>" + native, "net9.0"));
        app.Write("Program.cs", """
            static class Settings
            {
                public static string Load(string text) => Newtonsoft.Json.Linq.JObject.Parse(text).ToString();
            }

            static class Program
            {
                static void Main() => System.Console.WriteLine(Settings.Load("{}"));
            }
            """);
        Outcome grown = app.Dotnet("publish");
        Assert.Equal(1, grown.Code);
        Diagnostic error = Assert.Single(TestProject.Diagnostics(grown), d => d.Kind == "error");
        Assert.Equal("BSZ2002", error.Code);
        Assert.Matches(@"grew by \d+\.\d+ MiB since \w+ \(main\), but may grow by 4\.0 KiB", error.Message);
        Assert.True(Regex.IsMatch(error.Message, @$"[:,] {Regex.Escape(grew)} \+[\d.]+ [KM]iB \(new\).*\. Newtonsoft\.Json came in by App -> Newtonsoft\.Json: "), grown.ToString());
        Assert.Contains("Settings.Load calls JObject.Parse", error.Message, StringComparison.Ordinal);
        List<string> table = [.. grown.Lines.SkipWhile(l => !l.Contains("Why app grew +", StringComparison.Ordinal)).TakeWhile(l => !l.Contains(": error BSZ", StringComparison.Ordinal))];
        Assert.Contains(table, l => l.Contains("Newtonsoft.Json", StringComparison.Ordinal));
        Assert.All(table, l => Assert.True(l.Trim().Length <= 79, l));
        // What was asked for leaves nothing behind, and nothing to link again.
        Assert.False(Directory.Exists(app.PathOf("obj/Release/net9.0/linux-x64/binarysize/why")));
        byte[] linked = File.ReadAllBytes(app.PathOf("bin/Release/net9.0/linux-x64/publish/App"));

        // The second time it is said from memory. Without asking, the package alone is named.
        Assert.Equal(error, Assert.Single(TestProject.Diagnostics(app.Dotnet("publish", "--no-restore")), d => d.Kind == "error"));
        Directory.Delete(app.PathOf("obj/Release/net9.0/linux-x64/binarysize"), recursive: true);
        Diagnostic brief = Assert.Single(app.Fail("publish", "--no-restore", "-p:BinarySizeWhyGraph=None"), d => d.Kind == "error");
        Assert.Contains("Newtonsoft.Json is a reference of the project itself.", brief.Message, StringComparison.Ordinal);
        Assert.Equal(linked, File.ReadAllBytes(app.PathOf("bin/Release/net9.0/linux-x64/publish/App")));
    }

    [Fact]
    public void Several_frameworks_write_one_baseline()
    {
        using TestProject lib = TestProject.Library("", "<TargetFrameworks>net9.0;net10.0</TargetFrameworks>", framework: "net10.0");
        lib.Write("Lib.csproj", TestProject.Text("", "", "net9.0;net10.0"));
        lib.Succeed("build", "-t:BinarySizeUpdateBaseline");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(lib.PathOf("binarysize.baseline.json")));
        Assert.Equal(["net10.0/any/Debug/build", "net9.0/any/Debug/build"], json.RootElement.GetProperty("baselines").EnumerateObject().Select(p => p.Name));
    }
}
