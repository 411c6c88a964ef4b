using System.Globalization;
using System.Text.Json;

namespace BinarySize.Tests.Variants;

/// <summary>The command on a real project, against the same builds made by hand.</summary>
public sealed class CompareTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("bsz-compare").FullName;

    // By hand and as a variant: what is compared to the byte.
    private static readonly (string Name, string[] Properties)[] s_builds =
    [
        ("plain", ["SelfContained=false"]),
        ("trimmed", ["SelfContained=true", "PublishTrimmed=true", "PublishSingleFile=true", "EnableCompressionInSingleFile=true"]),
        ("aot", ["PublishAot=true"]),
    ];

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Variants_are_what_a_build_by_hand_makes_and_a_bad_one_costs_its_own_row()
    {
        string project = Path.Combine(_root, "hello");
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Samples.Root, "tests", "apps"))) Copy(file, _root);
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Samples.Root, "tests", "apps", "hello"))) Copy(file, project);
        // What lies in bin and obj is neither compiled nor touched.
        foreach (string folder in (string[])["bin", "obj"]) Write(Path.Combine(project, folder, "Stale.cs"), "this is no C#");
        string before = Listing(project);
        string kept = Path.Combine(_root, "kept"), output = Path.Combine(_root, "out");
        string[] arguments =
        [
            "compare", project, "--set", "user", "--no-brotli", "--max-cpu", "2", "--output", output,
            .. s_builds.SelectMany(b => (string[])["--variant", $"{b.Name}; {string.Join("; ", b.Properties)}"]),
            "--variant", "bad; SelfContained=false; LangVersion=none-such",
            "--variant", "none-such; SelfContained=false; TargetFramework=net4711.0",
            // Only one executable is of this name.
            "--verify", "case {artifact} in *other*) exit 7;; esac; DOTNET_ROLL_FORWARD=Major {artifact}", "--run", "DOTNET_ROLL_FORWARD=Major {artifact}",
            "--variant", "broken; SelfContained=false; AssemblyName=other",
        ];
        (int code, string text, string error) = Tool.Try("env", [$"XDG_DATA_HOME={Path.Combine(_root, "data")}", "dotnet", Cli.Path, .. arguments, "--keep", kept]);
        Assert.True(code == 0, error + text);
        Assert.Equal(before, Listing(project));
        Assert.All(text.Split('\n'), l => Assert.True(l.Length <= 79, l));
        Assert.Equal(["ok"], JsonSchema.Validate("variants-1.json", [File.ReadAllBytes(Path.Combine(output, "compare.json"))]));
        Assert.Contains("](compare.svg)", File.ReadAllText(Path.Combine(output, "compare.md")), StringComparison.Ordinal);
        Dictionary<string, JsonElement> rows = Rows(output);
        Assert.Equal(("failed", "broken"), (Text(rows["bad"], "status"), Text(rows["broken"], "status")));
        Assert.StartsWith("CS1617", Text(rows["bad"], "reason"), StringComparison.Ordinal);
        Assert.Contains("exit code 7", Text(rows["broken"], "reason"), StringComparison.Ordinal);
        Assert.NotEqual("ok", Text(rows["none-such"], "status"));

        // Nothing changed: nothing is built, and all is as it was.
        (code, string again, error) = Tool.Try("env", [$"XDG_DATA_HOME={Path.Combine(_root, "data")}", "dotnet", Cli.Path, .. arguments]);
        Assert.True(code == 0, error + again);
        foreach ((string name, _) in s_builds)
        {
            Assert.True(Rows(output)[name].GetProperty("cached").GetBoolean(), name);
            Assert.Equal(rows[name].GetProperty("shippedSize").GetInt64(), Rows(output)[name].GetProperty("shippedSize").GetInt64());
            Assert.True(rows[name].GetProperty("verified").GetBoolean());
            Assert.True(rows[name].GetProperty("startupMilliseconds").GetDouble() > 0, name);
        }

        foreach ((string name, string[] properties) in s_builds)
        {
            foreach (string folder in (string[])["bin", "obj"]) Directory.Delete(Path.Combine(project, folder), recursive: true);
            string hand = Path.Combine(_root, "hand", name);
            Tool.Run("dotnet", ["publish", project, "-c", "Release", "-r", "linux-x64", "-o", hand, "-v", "q", "--nologo", .. properties.Select(p => "-p:" + p)]);
            Tool.Run("diff", "-r", hand, Path.Combine(kept, name));
            long ships = long.Parse(Tool.Run("sh", "-c", "find \"$0\" -type f ! -name '*.pdb' ! -name '*.dbg' -printf '%s\\n' | awk '{s+=$1} END {print s}'", hand).Trim(), CultureInfo.InvariantCulture);
            Assert.Equal(ships, rows[name].GetProperty("shippedSize").GetInt64());
            Assert.Equal(new FileInfo(Path.Combine(hand, "hello")).Length, rows[name].GetProperty("binarySize").GetInt64());
        }
    }

    [Theory]
    [InlineData(new[] { "compare", "/none/such" }, "does not exist")]
    [InlineData(new[] { "compare", ".", "--set", "none" }, "'none' is no set")]
    [InlineData(new[] { "compare", ".", "--variant", "a=b" }, "begins with its name")]
    [InlineData(new[] { "compare", ".", "--format", "pdf" }, "no format")]
    [InlineData(new[] { "compare", ".", "--base", "none" }, "no base")]
    [InlineData(new[] { "tune", ".", "--allow-loss", "Everything" }, "neither a profile")]
    [InlineData(new[] { "tune", ".", "--budget-minutes", "0" }, "--budget-minutes")]
    public void Wrong_usage_is_told_before_anything_is_built(string[] arguments, string message)
    {
        Write(Path.Combine(_root, "App.csproj"), "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net9.0</TargetFramework><PublishAot>true</PublishAot></PropertyGroup></Project>");
        if (arguments.Contains("--base")) arguments = [.. arguments, "--set", "pack-levels"];
        (int code, string output, string error) = Cli.RunIn(_root, arguments);
        Assert.True(code == 2, output + error);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Equal(["App.csproj"], Directory.EnumerateFileSystemEntries(_root).Select(Path.GetFileName));
    }

    private static Dictionary<string, JsonElement> Rows(string output)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(output, "compare.json")));
        return document.RootElement.Clone().GetProperty("variants").EnumerateArray().ToDictionary(v => v.GetProperty("name").GetString()!);
    }

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString()!;

    private static string Listing(string folder) => Tool.Run("sh", "-c", "cd \"$0\" && find . -printf '%p %s %T@\\n' | sort", folder);

    private static void Copy(string file, string folder)
    {
        Directory.CreateDirectory(folder);
        File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
    }

    private static void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
