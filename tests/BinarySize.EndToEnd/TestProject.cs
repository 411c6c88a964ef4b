using System.Globalization;
using System.Security;
using System.Text.RegularExpressions;

namespace BinarySize.EndToEnd;

/// <summary>
/// A diagnostic as the classic logger prints it: file(line,column): error CODE: message [project]. The project is empty
/// where it is the file.
/// </summary>
internal sealed record Diagnostic(string File, int Line, int Column, string Kind, string Code, string Message, string Project);

/// <summary>Projects in a temporary folder that has nothing to do with this repository, and the real dotnet on them.</summary>
internal sealed partial class TestProject : IDisposable
{
    private static readonly string s_temp = Path.Combine(Path.GetTempPath(), "binarysize-e2e");

    /// <summary>The temporary folder.</summary>
    public string Root { get; }

    /// <summary>The folder of the project.</summary>
    public string Folder { get; }

    /// <summary>The name of the project.</summary>
    public string Name { get; }

    /// <summary>The project file.</summary>
    public string ProjectFile => Path.Combine(Folder, Name + ".csproj");

    /// <summary>An empty folder with the feeds and the SDK of this repository.</summary>
    /// <param name="name">Name of the project.</param>
    /// <param name="folder">Its folder below the temporary one, which it is where empty.</param>
    public TestProject(string name = "App", string folder = "")
    {
        Name = name;
        Root = Directory.CreateDirectory(Path.Combine(s_temp, Guid.NewGuid().ToString("N")[..12])).FullName;
        Folder = Directory.CreateDirectory(Path.Combine(Root, folder)).FullName;
        File.Copy(Path.Combine(Package.Repository, "global.json"), Path.Combine(Root, "global.json"));
        string sources = string.Concat(Package.Sources.Select((url, i) => $"<add key=\"machine{i}\" value=\"{SecurityElement.Escape(url)}\" />"));
        string mapping = string.Concat(Package.Sources.Select((_, i) => $"<packageSource key=\"machine{i}\"><package pattern=\"*\" /></packageSource>"));
        File.WriteAllText(Path.Combine(Root, "NuGet.config"), $"""
            <configuration>
              <packageSources>
                <clear />
                <add key="under-test" value="{SecurityElement.Escape(Package.Feed)}" />
                {sources}
              </packageSources>
              <packageSourceMapping>
                <clear />
                <packageSource key="under-test"><package pattern="BinarySize.*" /></packageSource>
                {mapping}
              </packageSourceMapping>
            </configuration>
            """);
    }

    /// <summary>A console app that has one reference: the package under test.</summary>
    public static TestProject Console(string items = "", string properties = "", string framework = "net10.0", string name = "App", string folder = "")
    {
        var project = new TestProject(name, folder);
        project.Write(name + ".csproj", Text(items, $"<OutputType>Exe</OutputType>{properties}", framework));
        project.Write("Program.cs", "System.Console.WriteLine(\"Hello\");\n");
        return project;
    }

    /// <summary>A class library that has one reference: the package under test.</summary>
    public static TestProject Library(string items = "", string properties = "", string framework = "net10.0", string name = "Lib", string folder = "")
    {
        var project = new TestProject(name, folder);
        project.Write(name + ".csproj", Text(items, properties, framework));
        project.Write("Class1.cs", $"namespace {name};\npublic static class Class1 {{ public static int Answer() => 42; }}\n");
        return project;
    }

    /// <summary>Text of a project file. The PropertyGroup stands on lines 2 to 5, <paramref name="items"/> begin on line 9.</summary>
    public static string Text(string items = "", string properties = "", string framework = "net10.0", string sdk = "Microsoft.NET.Sdk", bool reference = true) => $"""
        <Project Sdk="{sdk}">
          <PropertyGroup>
            <TargetFramework{(framework.Contains(';') ? "s" : "")}>{framework}</TargetFramework{(framework.Contains(';') ? "s" : "")}>
            {properties}
          </PropertyGroup>
          <ItemGroup>
            {(reference ? $"""<PackageReference Include="BinarySize.Build" Version="{Package.Version}" PrivateAssets="all" />""" : "")}
          </ItemGroup>
        {items}
        </Project>

        """;

    /// <summary>Writes a file below the project's folder.</summary>
    public string Write(string path, string text)
    {
        string file = Path.Combine(Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        return file;
    }

    /// <summary>An absolute path below the project's folder.</summary>
    public string PathOf(string path) => Path.Combine(Folder, path);

    /// <summary>Runs dotnet in the project's folder.</summary>
    public Outcome Dotnet(params string[] arguments) => DotnetWith([], arguments);

    /// <summary>The same with further environment variables.</summary>
    public Outcome DotnetWith(Dictionary<string, string> variables, params string[] arguments)
    {
        Outcome outcome = Tool.Try("dotnet", arguments, Folder, variables);
        Assert.DoesNotContain(outcome.Lines, l => l.StartsWith("   at ", StringComparison.Ordinal) || l.Contains("Unhandled exception", StringComparison.Ordinal));
        return outcome;
    }

    /// <summary>Runs dotnet, which must succeed without a warning or an error of ours.</summary>
    public Outcome Succeed(params string[] arguments)
    {
        Outcome outcome = Dotnet(arguments);
        Assert.True(outcome.Code == 0, outcome.ToString());
        Assert.True(Diagnostics(outcome).Count == 0, outcome.ToString());
        return outcome;
    }

    /// <summary>Runs dotnet, which must fail with exit code 1 and nothing but errors of ours.</summary>
    public List<Diagnostic> Fail(params string[] arguments)
    {
        Outcome outcome = Dotnet(arguments);
        Assert.True(outcome.Code == 1, outcome.ToString());
        List<Diagnostic> found = Diagnostics(outcome);
        Assert.True(found.Count > 0, outcome.ToString());
        Assert.DoesNotContain(outcome.Lines, l => l.Contains(": error ", StringComparison.Ordinal) && !l.Contains(": error BSZ", StringComparison.Ordinal));
        return found;
    }

    /// <summary>Diagnostics of ours, each once.</summary>
    public static List<Diagnostic> Diagnostics(Outcome outcome) =>
        [.. outcome.Lines.Select(l => DiagnosticLine().Match(l.TrimEnd('\r'))).Where(m => m.Success).Select(m => new Diagnostic(
            m.Groups["file"].Value.Trim(), Number(m.Groups["line"].Value), Number(m.Groups["column"].Value),
            m.Groups["kind"].Value, m.Groups["code"].Value, m.Groups["message"].Value, m.Groups["project"].Value)).Distinct()];

    /// <summary>The line with the arrow that tells the size of a path.</summary>
    public static string Arrow(Outcome outcome, string path = "")
    {
        var lines = outcome.Lines.Where(l => l.Contains(" -> ", StringComparison.Ordinal) && ArrowEnd().IsMatch(l) && l.Contains(path, StringComparison.Ordinal)).ToList();
        Assert.True(lines.Count == 1, $"{lines.Count} lines have an arrow and a size\n{outcome}");
        return lines[0].Trim();
    }

    /// <summary>Reads the report in a folder below the project's.</summary>
    public ReportDocument Report(string folder) => ReportDocument.Load(Path.Combine(Folder, folder, "report.json"));

    /// <summary>Files of the reports below the project's folder.</summary>
    public List<string> Reports() => [.. Directory.EnumerateFiles(Root, "report.*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Folder, f)).Order(StringComparer.Ordinal)];

    public void Dispose()
    {
        if (Environment.GetEnvironmentVariable("KEEP_TEST_PROJECTS") is null or "") Directory.Delete(Root, recursive: true);
    }

    private static int Number(string text) => text.Length == 0 ? 0 : int.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<file>.+?)(\((?<line>\d+),(?<column>\d+)\))? ?: (?<kind>error|warning) (?<code>BSZ\d+): (?<message>.*?)( \[(?<project>[^\]]+)\])?$")]
    private static partial Regex DiagnosticLine();

    [GeneratedRegex(@"\([\d.]+ [KMG]?i?B, \d+ files?\)\r?$")]
    private static partial Regex ArrowEnd();
}
