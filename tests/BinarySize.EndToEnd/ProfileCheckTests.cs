namespace BinarySize.EndToEnd;

/// <summary>What is told about a profile before it bites.</summary>
public class ProfileCheckTests
{
    // Line and code of each conflict; the other half of the file does almost the same and is right.
    private const string Conflicting = """
        using System.Diagnostics;
        using System.Diagnostics.Metrics;
        using System.Diagnostics.Tracing;
        using System.Globalization;
        using System.Net;
        using System.Text.Json;
        using System.Text.Json.Serialization;
        using System.Xml;
        namespace Conflicts;
        public sealed class Listener : EventListener { protected override void OnEventWritten(EventWrittenEventArgs e) => Console.WriteLine(e.EventName); } // 5320
        public static class Program
        {
            public static async Task<int> Main(string[] args)
            {
                Console.WriteLine(new CultureInfo("de-DE").Name); // 5321
                Console.WriteLine(new CultureInfo("").Name + CultureInfo.InvariantCulture.Name + new CultureInfo(127).Name);
                Console.WriteLine(JsonSerializer.Serialize(args)); // 5322
                Console.WriteLine(JsonSerializer.Serialize(args, Json.Default.StringArray) + JsonSerializer.Serialize(args, Json.Default.Options));
                await JsonSerializer.SerializeAsync(Stream.Null, args); // 5322
                var request = new HttpRequestMessage { Version = HttpVersion.Version30 }; // 5323
                request.Version = HttpVersion.Version20;
                XmlResolver resolver = new XmlUrlResolver(); // 5324
                var settings = new XmlReaderSettings { XmlResolver = null };
                try { throw new InvalidOperationException(); }
                catch (Exception e) when (e.Message.Contains("not valid")) { return 1; } // 5325
                catch (Exception e) { Console.WriteLine(e.Message); if (args.Contains("x") || args[0].Contains("y")) return 2; }
                Console.WriteLine(new StackFrame(0).GetMethod()); // 5326
                Console.WriteLine(new StackTrace());
                using var meter = new Meter("m"); // 5327
                Func<object> late = () => CultureInfo.GetCultureInfo(args[0]); // 5321
                return resolver is null || settings is null || late is null ? 3 : 0;
            }
        }
        [JsonSerializable(typeof(string[]))] public partial class Json : JsonSerializerContext;
        """;

    [Fact]
    public void Code_that_needs_what_is_cut_is_told_with_file_and_line_and_again_without_looking_again()
    {
        // Nothing is published: the restore alone needs to know.
        using TestProject app = TestProject.Console("", "<PublishAot>true</PublishAot><BinarySizeProfile>Embedded</BinarySizeProfile><ImplicitUsings>enable</ImplicitUsings><NoWarn>$(NoWarn);IL2026;IL3050</NoWarn>", "net9.0");
        string source = app.Write("Program.cs", Conflicting);
        var expected = Conflicting.Split('\n').Select((text, i) => (Line: i + 1, Code: text.Contains("// 53", StringComparison.Ordinal) ? $"BSZ{text[^4..]}" : "")).Where(l => l.Code.Length > 0).ToList();
        Outcome built = app.Dotnet("build", "-c", "Release");
        Assert.True(built.Code == 0, built.ToString());
        List<Diagnostic> told = TestProject.Diagnostics(built);
        Assert.Equal(expected.OrderBy(e => e.Line), told.Select(d => (d.Line, d.Code)).OrderBy(d => d.Line));
        Assert.All(told, d => Assert.Equal((source, "warning"), (d.File, d.Kind)));
        Assert.Contains(told, d => d.Message == "Conflicts.Program.Main asks for the culture 'de-DE', but with the profile Embedded InvariantGlobalization is true: there is none but the invariant one, and asking for another throws CultureNotFoundException. Change the code, or set InvariantGlobalization to false in the project.");
        Assert.Contains(told, d => d.Message.StartsWith("Conflicts.Listener is an EventListener,", StringComparison.Ordinal));
        Assert.Contains(told, d => d.Message.StartsWith("Conflicts.Program.Main asks for a culture by name,", StringComparison.Ordinal));

        string state = app.PathOf("obj/Release/net9.0/binarysize/Profile.state");
        DateTime kept = File.GetLastWriteTimeUtc(state);
        Assert.Equal(told, TestProject.Diagnostics(app.Dotnet("build", "-c", "Release", "--no-restore")));
        Assert.Equal(kept, File.GetLastWriteTimeUtc(state));

        // What the project chose itself is no news to it; a code can be silenced.
        Outcome chosen = app.Dotnet("build", "-c", "Release", "--no-restore", "-p:InvariantGlobalization=true", "-p:EventSourceSupport=true", "-p:MSBuildWarningsAsMessages=BSZ5325%3BBSZ5326");
        Assert.Equal(["BSZ5322", "BSZ5323", "BSZ5324", "BSZ5327"], TestProject.Diagnostics(chosen).Select(d => d.Code).Distinct().Order(StringComparer.Ordinal));

        // Without symbols the method is named all the same, and profiles that cut nothing have nothing to say.
        Diagnostic blind = TestProject.Diagnostics(app.Dotnet("build", "-c", "Release", "--no-restore", "--no-incremental", "-p:DebugType=none")).First(d => d.Code == "BSZ5327");
        Assert.Equal((app.ProjectFile, 0), (blind.File, blind.Line));
        Assert.Equal(["BSZ5320", "BSZ5322"], TestProject.Diagnostics(app.Dotnet("build", "-c", "Release", "--no-restore", "-p:BinarySizeProfile=General")).Select(d => d.Code).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_name_that_does_not_exist_is_an_error_with_the_nearest_one()
    {
        using TestProject app = TestProject.Console(properties: "<BinarySizeProfile>SizeCritcal</BinarySizeProfile>");
        Diagnostic error = Assert.Single(app.Fail("build"));
        Assert.Equal(("BSZ1005", "error", app.ProjectFile, 4), (error.Code, error.Kind, error.File, error.Line));
        Assert.Equal("BinarySizeProfile is 'SizeCritcal', which is not a profile. Did you mean 'SizeCritical'? Known are: None, Development, Embedded, General, Serverless, SizeCritical, WebAssembly.", error.Message);
        Assert.Contains("'Tiny'", Assert.Single(app.Fail("build", "-p:BinarySizeProfile=Tiny")).Message);
        app.Succeed("build", "-p:BinarySizeProfile=development");
    }

    [Theory]
    [InlineData("PublishAot", "BSZ5310")]
    [InlineData("PublishTrimmed", "BSZ5311")]
    public void A_compiler_that_the_restore_did_not_bring_is_an_error(string property, string code)
    {
        using TestProject app = TestProject.Console();
        // As a package would set it: out of the restore's sight.
        app.Write("Directory.Build.props", $"<Project><PropertyGroup Condition=\"'$(ExcludeRestorePackageImports)' != 'true'\"><{property}>true</{property}></PropertyGroup></Project>");
        Diagnostic error = Assert.Single(app.Fail("publish", "-r", "linux-x64"));
        Assert.Equal((code, "error", app.ProjectFile), (error.Code, error.Kind, error.File));
        Assert.StartsWith($"{property} is true but was set too late for the restore", error.Message);
    }

    [Fact]
    public void The_profile_for_browsers_says_so_elsewhere()
    {
        using TestProject app = TestProject.Console(properties: "<BinarySizeProfile>WebAssembly</BinarySizeProfile>");
        Outcome published = app.Dotnet("publish");
        Assert.Equal(0, published.Code);
        Diagnostic warning = Assert.Single(TestProject.Diagnostics(published));
        Assert.Equal(("BSZ5312", "warning"), (warning.Code, warning.Kind));
    }
}
