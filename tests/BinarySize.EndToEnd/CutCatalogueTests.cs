using System.Globalization;
using System.Text.RegularExpressions;

namespace BinarySize.EndToEnd;

/// <summary>
/// The catalogue's cuts on apps that use what they cut (tests/apps/cuts): each app is published with all of its cuts, and
/// compiled again from the same response file without any, and with each alone. Its main features work either way, what is cut
/// does as its manifest says, and each cut alone saves 3 % or more.
/// </summary>
public class CutCatalogueTests
{
    [Fact]
    public void Console() => Check("hello", 0.97, ["System.Console/Terminal"], (app, isCut) =>
    {
        Assert.Equal("Hello, World!\n", Tool.Run(app));
    });

    [Fact]
    public void Time_and_equality() => Check("cuts/stamp", 0.82, ["System.Private.CoreLib/GenericEquality", "System.Private.CoreLib/LocalTimeZone"], (app, isCut) =>
    {
        Assert.Equal("hello\nTrue\n8D1F1BBA\nTrue\n", Regex.Replace(Tool.Run(app), "[0-9A-F]{8}", "8D1F1BBA"));
        Assert.Equal(isCut ? "00:00:00\n" : "01:00:00\n", Run(app, [("TZ", "Europe/Berlin")], "local").Output);
        // Comparers that the compiler makes ahead of time are not touched.
        Assert.Equal("True\nTrue\n", Tool.Run(app, "equality"));
        // Colours, as on a terminal: none where nobody knows how.
        string red = Run(app, [("TERM", "xterm"), ("DOTNET_SYSTEM_CONSOLE_ALLOW_ANSI_COLOR_REDIRECTION", "1")], "color").Output;
        Assert.Contains("red\n", red, StringComparison.Ordinal);
        Assert.Equal(!isCut, red.Contains('\u001b', StringComparison.Ordinal));
    });

    [Fact]
    public void Logging() => Check("cuts/log", 0.90, ["Serilog/Destructuring"], (app, isCut) =>
    {
        string said = Tool.Run(app);
        Assert.StartsWith("[DBG] 007 of {\"body\": 5} in log\n[WRN] list [1, 2]\n[ERR] caught\nSystem.InvalidOperationException: on purpose\n", said, StringComparison.Ordinal);
        Assert.Equal(isCut ? "[INF] at Capturing the property value threw an exception: NotSupportedException\n" : "[INF] at {\"$type\": \"Place\"}\n", Tool.Run(app, "object"));
    });

    [Fact]
    public void Expressions() => Check("cuts/rules", 0.96, ["System.Linq.Expressions/StackGuard"], (app, isCut) =>
    {
        Assert.Equal("(weight, name) => ((weight > 1.5) AndAlso (name != \"c\"))\na False\nb True\nc False\ns => ((s.Length * 2) + 1) 9\n", Tool.Run(app));
        Assert.Equal("1000\n", Tool.Run(app, "deep", "1000"));
        Outcome deep = Tool.Try(app, ["deep", "200000"]);
        Assert.True(isCut ? deep.Code != 0 : (deep.Code, deep.Output) == (0, "200000\n"), deep.ToString());
    });

    [Fact]
    public void Command_lines() => Check("cuts/cli", 0.85, ["System.CommandLine/Help", "System.CommandLine/TypoSuggestions", "Spectre.Console/AnsiDetection"], (app, isCut) =>
    {
        string file = Path.Combine(Path.GetDirectoryName(app)!, "settings.txt");
        File.WriteAllText(file, "a=1\nlonger=2\n");
        string shown = Run(app, [("TERM", "dumb")], "show", file, "--width", "60").Output;
        Assert.Equal(isCut, shown.Contains('\u001b', StringComparison.Ordinal));
        Assert.Matches(@"longer.*2.*\n(.*\n)*.*done", shown);
        Assert.DoesNotContain("[32m", Run(app, [("TERM", "dumb"), ("NO_COLOR", "1")], "show", file).Output, StringComparison.Ordinal);
        Outcome help = Tool.Try(app, ["--help"]), wrong = Tool.Try(app, ["show", file, "--widht", "3"]);
        Assert.Equal(isCut ? 1 : 0, help.Code);
        Assert.Contains(isCut ? "NotSupportedException" : "Shows a file", help.Output, StringComparison.Ordinal);
        Assert.Equal(1, wrong.Code);
        Assert.Contains("'--widht'", wrong.Output, StringComparison.Ordinal);
        Assert.Equal(!isCut, wrong.Output.Contains("--width", StringComparison.Ordinal));
    });

    [Fact]
    public void Databases() => Check("cuts/data", 0.97, ["System.Data.Common/Binding"], (app, isCut) =>
    {
        Assert.Equal("id 1 a\nid 2 b\nid 3 c\n6\n", Tool.Run(app));
        Assert.Equal(isCut ? "NotSupportedException\n" : "1\n2\n3\n", Tool.Run(app, "enumerate"));
    });

    [Fact]
    public void Json() => Check("cuts/json", 0.40, ["Newtonsoft.Json/DynamicObjects", "Newtonsoft.Json/Regex", "Newtonsoft.Json/XmlAndData"], (app, isCut) =>
    {
        Assert.Equal("{\"id\":7,\"lines\":[{\"sku\":\"a\",\"count\":2},{\"sku\":\"b\",\"count\":3}],\"at\":\"2024-03-01T10:00:00Z\",\"total\":5}\n3\n{\"k\":[1,2],\"at\":\"2024-03-01T00:00:00Z\"}\n1\n{\"y\":2}\n", Tool.Run(app));
        Assert.Equal(isCut ? "JsonSerializationException\n" : "<a><b>1</b></a>\n", Tool.Run(app, "xml"));
        // NativeAOT has no binder at run time in any case.
        Assert.Equal(isCut ? "NotSupportedException\n" : "RuntimeBinderException\n", Tool.Run(app, "own"));
        Assert.Equal(isCut ? "NotSupportedException\n" : "b\n", Tool.Run(app, "regex"));
    });

    [Fact]
    public void Services() => Check("cuts/worker", 0.85, ["Microsoft.Extensions.Hosting/Reload", "System.Net.Http/Http3", "System.Text.RegularExpressions/NonBacktracking"], (app, isCut) =>
    {
        string folder = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(app)!, "settings")).FullName, settings = Path.Combine(folder, "appsettings.json");
        File.WriteAllText(settings, $$"""{ "Name": "first", "File": "{{settings}}" }""");
        string said = Tool.Run(app, "reload", folder);
        Assert.StartsWith("settings say first\n", said, StringComparison.Ordinal);
        Assert.Contains(isCut ? "then first\n" : "then second\n", said, StringComparison.Ordinal);
        Assert.Contains("he<2>o\n", said, StringComparison.Ordinal);
        Assert.Contains("served 5 bytes", said, StringComparison.Ordinal);
        Assert.Equal(isCut ? "NotSupportedException\n" : "1\n", Tool.Run(app, "linear", "b.a"));
        Assert.StartsWith("HttpRequestException quic False", Tool.Run(app, "http3", "https://127.0.0.1:1/"), StringComparison.Ordinal);
    });

    [Fact]
    public void Web_services() => Check("cuts/web", 0.92, ["Kestrel/Http2AndHttp3", "Microsoft.Extensions.Hosting/Development"], (app, isCut) =>
    {
        string said = Tool.Run(Path.Combine(Package.Repository, "tests", "apps", "cuts", "web", "ask.sh"), app);
        Assert.Equal($"""
            200 {"{"}"id":2,"name":"item 2"{"}"}
            404
            201 {"{"}"id":5,"name":"new"{"}"}
            500 {(isCut ? "without" : "with")} page
            HTTP/2 {(isCut ? "fails" : "200")}

            """, said);
    });

    private static Outcome Run(string app, (string Name, string Value)[] variables, params string[] arguments)
    {
        Outcome outcome = Tool.Try(app, arguments, variables: variables.ToDictionary(v => v.Name, v => v.Value));
        Assert.True(outcome.Code == 0, outcome.ToString());
        return outcome;
    }

    private static void Check(string path, double all, string[] cuts, Action<string, bool> says)
    {
        using TestProject project = ProfileSamples.Project(path, withPackage: true);
        string name = project.Name;
        project.Write("Directory.Build.targets", $"""
            <Project>
              <ItemGroup><PackageReference Include="BinarySize.Build" Version="{Package.Version}" PrivateAssets="all" /></ItemGroup>
              <!-- How the SDK links, for linking again what was compiled again. -->
              <Target Name="TellHowToLink" AfterTargets="LinkNative">
                <WriteLinesToFile File="obj/link.txt" Lines="$(CppLinker);@(CustomLinkerArg)" Overwrite="true" />
              </Target>
            </Project>
            """);
        Outcome outcome = project.Dotnet("publish", "-c", "Release", "-r", "linux-x64", "-p:PublishAot=true", "-p:BinarySizeProfile=Embedded", "-p:BinarySizePack=false", "-p:BinarySizeAttribution=false",
            "-p:BinarySizeCuts=" + string.Join("%3B", cuts), "-p:SuppressTrimAnalysisWarnings=true", "-o", project.PathOf("out/publish"));
        Assert.True(outcome.Code == 0, outcome.ToString());
        string app = project.PathOf($"out/publish/{name}");
        says(app, true);
        long with = Oracle.Size(app);

        (string withoutAny, long without) = Again(project, null);
        says(withoutAny, false);
        Assert.True(with < all * without, string.Create(CultureInfo.InvariantCulture, $"{name}: all cuts {without} -> {with}, {(double)with / without:0.000}"));
        foreach (string cut in cuts)
        {
            long alone = Again(project, cut).Size;
            Assert.True(alone < 0.97 * without, string.Create(CultureInfo.InvariantCulture, $"{name}: {cut} {without} -> {alone}, {(double)alone / without:0.000}"));
        }
    }

    // Compiles and links from the response file of the publish, with one cut or none.
    private static (string File, long Size) Again(TestProject project, string? cut)
    {
        string name = project.Name, native = $"obj/Release/net9.0/linux-x64/native/{name}", folder = Directory.CreateDirectory(project.PathOf("again/" + (cut ?? "none"))).FullName;
        string[] lines = File.ReadAllLines(project.PathOf(native + ".ilc.rsp"));
        bool IsCut(string line) => line.StartsWith("--substitution:", StringComparison.Ordinal) && line.Contains("/cuts/", StringComparison.Ordinal);
        bool IsThis(string line) => cut is not null && Path.GetFileName(line).StartsWith(cut.Replace('/', '-') + "-", StringComparison.Ordinal);
        Assert.True(cut is null || lines.Count(l => IsCut(l) && IsThis(l)) == 1, $"{cut} is not among what was compiled");
        string compiled = Path.Combine(folder, name + ".o"), linked = Path.Combine(folder, name), response = Path.Combine(folder, "rsp");
        File.WriteAllLines(response, lines.Where(l => !IsCut(l) || IsThis(l)).Select(l => l.StartsWith("-o:", StringComparison.Ordinal) ? "-o:" + compiled : l));
        string compiler = Directory.GetFiles(CompilerOf(lines), "ilc*").Single(f => Path.GetFileName(f) is "ilc" or "ilc.dll");
        Outcome outcome = compiler.EndsWith(".dll", StringComparison.Ordinal) ? Tool.Try("dotnet", [compiler, "@" + response], project.Folder) : Tool.Try(compiler, ["@" + response], project.Folder);
        Assert.True(outcome.Code == 0, outcome.ToString());
        string script = string.Join(' ', File.ReadAllLines(project.PathOf("obj/link.txt"))).Replace(native + ".o", compiled, StringComparison.Ordinal).Replace($"bin/Release/net9.0/linux-x64/native/{name}", linked, StringComparison.Ordinal);
        Assert.Contains(linked, script, StringComparison.Ordinal);
        outcome = Tool.Try("sh", ["-c", script], project.Folder);
        Assert.True(outcome.Code == 0, outcome.ToString());
        Tool.Run("objcopy", "--strip-debug", "--strip-unneeded", linked);
        foreach (string library in Directory.GetFiles(project.PathOf("out/publish"), "*.so")) File.Copy(library, Path.Combine(folder, Path.GetFileName(library)));
        File.Delete(compiled);
        return (linked, Oracle.Size(linked));
    }

    // The compiler stands beside the core library that it compiles: tools/ and sdk/.
    private static string CompilerOf(string[] response) =>
        Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(response.Single(l => l.StartsWith("-r:", StringComparison.Ordinal) && l.EndsWith("/sdk/System.Private.CoreLib.dll", StringComparison.Ordinal))[3..])!)!, "tools");
}
