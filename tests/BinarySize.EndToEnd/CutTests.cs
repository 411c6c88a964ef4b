using System.Text.Json;

namespace BinarySize.EndToEnd;

/// <summary>Cuts on real builds: by name, by profile, from files, checked, applied by both compilers, undone.</summary>
public sealed class CutTests
{
    // What cuts cut: names of all kinds, and a feature of the app's own.
    private const string Source = """
        using System;
        using System.Collections.Generic;
        using System.Text.RegularExpressions;

        public enum Color { Red = 3, Green = 7 }

        public class Odd<T>
        {
            public class Inner { public bool Has(List<T> list, Dictionary<string, Inner>.Enumerator at) => list.Count + (at.Current.Value is null ? 1 : 0) > 0; }
            public virtual int In(in int value) => value;
            public int Count<TOther>(T[,] cells, ref TOther other) => cells.Length;
            public static Color Hue() => Environment.ProcessId > 0 ? Color.Green : default;
        }

        public static class Feature
        {
            public static bool IsOn => Environment.ProcessId > 0;
            public static void Run() => Console.WriteLine("feature");
        }

        public static class Program
        {
            public static void Main(string[] args)
            {
                if (args[0] == "odd")
                {
                    int other = 0;
                    Console.WriteLine($"{new Odd<string>.Inner().Has(["x"], new Dictionary<string, Odd<string>.Inner>().GetEnumerator())} {new Odd<int>().In(5)} {new Odd<string>().Count(new string[2, 2], ref other)} {Odd<long>.Hue()}");
                }
                else if (args[0] == "feature")
                {
                    if (Feature.IsOn) Feature.Run();
                    else Console.WriteLine("off");
                }
                else Console.WriteLine(new Regex(args[1], Enum.Parse<RegexOptions>(args[0])).Replace("aaab", "*"));
            }
        }
        """;

    private const string Odd = """
        <linker>
          <assembly fullname="App">
            <type fullname="Odd`1/Inner">
              <method signature="System.Boolean Has(System.Collections.Generic.List`1&lt;T&gt;,System.Collections.Generic.Dictionary`2/Enumerator&lt;System.String,Odd`1/Inner&lt;T&gt;&gt;)" body="stub" value="false" />
            </type>
            <type fullname="Odd`1">
              <method signature="System.Int32 In(System.Int32&amp;)" body="stub" value="1" />
              <method signature="System.Int32 Count`1(T[,],TOther&amp;)" body="stub" value="2" />
              <method signature="Color Hue()" body="stub" value="3" />
            </type>
          </assembly>
        </linker>
        """;

    private const string Feature = """
        <linker>
          <assembly fullname="App">
            <type fullname="Feature">
              <method signature="System.Boolean get_IsOn()" body="stub" value="false" />
              <method signature="System.Void Run()" body="remove" />
            </type>
          </assembly>
        </linker>
        """;

    // Fits as far as its second line.
    private const string Stale = """
        <linker>
          <assembly fullname="System.Text.RegularExpressions">
            <type fullname="System.Text.RegularExpressions.Regex"><method signature="System.Boolean get_RightToLeft()" body="stub" value="true" /></type>
            <type fullname="System.Text.RegularExpressions.Symbolic.SymbolicRegexRunnerFactori"><method signature="System.Void .ctor()" body="remove" /></type>
          </assembly>
        </linker>
        """;

    private const string NonBacktracking = "System.Text.RegularExpressions/NonBacktracking", Http3 = "System.Net.Http/Http3";

    private static TestProject App(string items, string properties)
    {
        TestProject app = TestProject.Console(items, properties, "net9.0");
        app.Write("Program.cs", Source);
        app.Write("cuts/odd.xml", Odd);
        app.Write("cuts/feature.xml", Feature);
        app.Write("cuts/stale.xml", Stale);
        return app;
    }

    private static List<(string Target, string Outcome, string? Code, string Verified, long Before, long After)> Rows(TestProject app, string reports)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(app.PathOf(reports + "/report.json")));
        return [.. json.RootElement.GetProperty("ledger").GetProperty("rows").EnumerateArray().Where(r => r.GetProperty("step").GetString() == "cut").Select(r => (
            r.GetProperty("target").GetString()!, r.GetProperty("outcome").GetString()!, r.GetProperty("code").GetString(), r.GetProperty("verified").GetString()!, r.GetProperty("before").GetInt64(), r.GetProperty("after").GetInt64()))];
    }

    [Fact]
    public void With_NativeAOT_cuts_are_checked_applied_and_undone_one_by_one()
    {
        const string reports = "bin/Release/net9.0/linux-x64/binarysize", publish = "bin/Release/net9.0/linux-x64/publish";
        using TestProject app = App("""
              <ItemGroup>
                <BinarySizeCut Include="cuts/odd.xml;cuts/feature.xml" />
                <BinarySizeCut Include="cuts/stale.xml" />
                <BinarySizeCut Include="Newtonsoft.Json/XmlAndData" />
                <BinarySizeCut Remove="System.Net.Http/Http3" />
              </ItemGroup>
            """, "<PublishAot>true</PublishAot><RuntimeIdentifier>linux-x64</RuntimeIdentifier><BinarySizeProfile>SizeCritical</BinarySizeProfile><BinarySizePack>false</BinarySizePack>");
        string exe = app.PathOf(publish + "/App"), native = app.PathOf("bin/Release/net9.0/linux-x64/native/App");

        // Mistakes are errors with the line, before anything is compiled.
        app.Write("cuts/hostile.xml", "<!DOCTYPE linker [<!ENTITY a \"aaa\">]>\n<linker />");
        string main = app.Write("cuts/main.xml", "<linker><assembly fullname=\"App\"><type fullname=\"Program\">\n<method signature=\"System.Void Main(System.String[])\" body=\"remove\" /></type></assembly></linker>");
        string collides = app.Write("cuts/collides.xml", "<linker><assembly fullname=\"App\"><type fullname=\"Feature\">\n\n<method signature=\"System.Boolean get_IsOn()\" body=\"stub\" value=\"true\" /></type></assembly></linker>");
        Outcome wrong = app.Dotnet("publish", "-p:BinarySizeCuts=cuts/hostile.xml%3Bcuts/main.xml%3Bcuts/collides.xml%3Bcuts/od.xml%3BNewtonsoft.Json/XmlAndDate");
        Assert.Equal(1, wrong.Code);
        List<Diagnostic> errors = [.. TestProject.Diagnostics(wrong).Where(d => d.Kind == "error")];
        Assert.Equal(["BSZ5403", "BSZ5404", "BSZ5405", "BSZ5406", "BSZ5406"], errors.Select(d => d.Code).Order(StringComparer.Ordinal));
        Assert.Contains(errors, d => (d.Code, d.File, d.Line) == ("BSZ5405", app.PathOf("cuts/hostile.xml"), 1));
        Assert.Contains(errors, d => (d.Code, d.File, d.Line) == ("BSZ5404", main, 2));
        Assert.Contains(errors, d => (d.Code, d.Line) == ("BSZ5403", 3) && d.File == collides || d.Code == "BSZ5403" && d.File == app.PathOf("cuts/feature.xml"));
        Assert.Contains(errors, d => d.Message.Contains("Did you mean 'odd.xml'?", StringComparison.Ordinal));
        Assert.Contains(errors, d => d.Message.Contains("Did you mean 'Newtonsoft.Json/XmlAndData'?", StringComparison.Ordinal));
        Assert.False(Directory.Exists(Path.GetDirectoryName(native)));

        // What fits is applied; what does not is told, and not applied by half.
        Outcome first = app.Dotnet("publish");
        Assert.True(first.Code == 0, first.ToString());
        List<Diagnostic> told = TestProject.Diagnostics(first);
        Assert.Equal(["BSZ5401", "BSZ5402", "BSZ5407"], told.Select(d => d.Code).Order(StringComparer.Ordinal));
        Assert.Contains(told, d => (d.Code, d.File, d.Line) == ("BSZ5401", app.PathOf("cuts/stale.xml"), 4) && d.Message.Contains("the nearest is 'System.Text.RegularExpressions.Symbolic.SymbolicRegexRunnerFactory'", StringComparison.Ordinal));
        Assert.Contains(told, d => (d.Code, d.File) == ("BSZ5402", app.PathOf("Program.cs")) && Source.Split('\n')[d.Line - 1].Contains("Feature.Run()", StringComparison.Ordinal));
        Assert.Contains(told, d => (d.Code, d.File, d.Line) == ("BSZ5407", app.ProjectFile, 12));
        Assert.Equal("False 1 2 Red\n", Tool.Run(exe, "odd"));
        Assert.Equal("off\n", Tool.Run(exe, "feature"));
        Assert.Equal("*b\n", Tool.Run(exe, "None", "a+"));
        Outcome removed = Tool.Try(exe, ["NonBacktracking", "a+"]);
        Assert.NotEqual(0, removed.Code);
        Assert.Contains("System.NotSupportedException", removed.Output, StringComparison.Ordinal);
        var rows = Rows(app, reports);
        Assert.Equal([(NonBacktracking, "applied", null), ("cuts/feature.xml", "applied", null), ("cuts/odd.xml", "applied", null), ("Newtonsoft.Json/XmlAndData", "left", "BSZ5407"), ("cuts/stale.xml", "left", "BSZ5401")],
            rows.Where(r => r.Outcome == "applied").Concat(rows.Where(r => r.Outcome != "applied").OrderBy(r => r.Target, StringComparer.Ordinal)).Select(r => (r.Target, r.Outcome, r.Code)));
        Assert.All(rows, r => Assert.Equal(("none", 0L, 0L), (r.Verified, r.Before, r.After)));

        // A command that passes costs no build.
        DateTime compiled = File.GetLastWriteTimeUtc(native);
        app.Dotnet("publish", "-p:BinarySizeVerifyCommand={artifact} odd");
        Assert.Equal(compiled, File.GetLastWriteTimeUtc(native));
        Assert.All(Rows(app, reports).Where(r => r.Outcome == "applied"), r => Assert.Equal("command", r.Verified));

        // What breaks the app is found, undone and named; the others stay.
        string[] feature = ["publish", "-p:BinarySizeVerifyCommand={artifact} feature | grep feature || (echo it is gone && false)"];
        Outcome broken = app.Dotnet(feature);
        Assert.Equal(0, broken.Code);
        Diagnostic undone = Assert.Single(TestProject.Diagnostics(broken), d => d.Code == "BSZ5408");
        Assert.Equal(("warning", app.ProjectFile), (undone.Kind, undone.File));
        Assert.StartsWith("The cut 'cuts/feature.xml' was undone: with it the verify command fails (exit code 1: it is gone).", undone.Message, StringComparison.Ordinal);
        Assert.Equal("feature\n", Tool.Run(exe, "feature"));
        Assert.Equal("False 1 2 Red\n", Tool.Run(exe, "odd"));
        Assert.NotEqual(0, Tool.Try(exe, ["NonBacktracking", "a+"]).Code);
        Assert.Equal([(NonBacktracking, "applied", null, "command"), ("cuts/feature.xml", "undone", "BSZ5408", "command"), ("cuts/odd.xml", "applied", null, "command")], Rows(app, reports).Where(r => r.Outcome != "left").Select(r => (r.Target, r.Outcome, r.Code, r.Verified)));

        // Nothing changed: it is told again, and nothing is compiled or asked. Required, it is an error; kept out, it is none.
        compiled = File.GetLastWriteTimeUtc(native);
        Outcome again = app.Dotnet(feature);
        Assert.Equal(TestProject.Diagnostics(broken).OrderBy(d => d.Code), TestProject.Diagnostics(again).OrderBy(d => d.Code));
        Assert.DoesNotContain(again.Lines, l => l.Contains(": verify ", StringComparison.Ordinal));
        Assert.Contains(TestProject.Diagnostics(app.Dotnet([.. feature, "-p:BinarySizeVerifyRequired=true"])), d => (d.Code, d.Kind) == ("BSZ5408", "error"));
        Outcome kept = app.Dotnet([.. feature, "-p:BinarySizeCuts=-cuts/feature.xml%3B-Newtonsoft.Json/XmlAndData"]);
        Assert.Equal((0, "BSZ5401"), (kept.Code, Assert.Single(TestProject.Diagnostics(kept)).Code));
        Assert.Equal(compiled, File.GetLastWriteTimeUtc(native));
        Assert.DoesNotContain(Rows(app, reports), r => r.Target is "cuts/feature.xml" or Http3);
    }

    [Fact]
    public void The_trimmer_takes_the_same_cuts_in_a_folder_and_in_a_single_file()
    {
        using TestProject app = App("", "<RuntimeIdentifier>linux-x64</RuntimeIdentifier>");
        string[] trimmed = ["publish", "--self-contained", "-p:PublishTrimmed=true", $"-p:BinarySizeCuts={NonBacktracking}%3Bcuts/odd.xml"];
        Outcome folder = app.Succeed([.. trimmed, "-o", "out/folder"]);
        Assert.DoesNotContain(folder.Lines, l => l.Contains("warning IL20", StringComparison.Ordinal));
        Assert.Equal("False 1 2 Red\n", Tool.Run(app.PathOf("out/folder/App"), "odd"));
        Outcome removed = Tool.Try(app.PathOf("out/folder/App"), ["NonBacktracking", "a+"]);
        Assert.NotEqual(0, removed.Code);
        Assert.Contains("Linked away", removed.Output, StringComparison.Ordinal);
        Assert.Equal([NonBacktracking, "cuts/odd.xml"], Rows(app, "out/binarysize").Where(r => r.Outcome == "applied").Select(r => r.Target));

        // A cut whose content changed trims again.
        app.Write("cuts/odd.xml", Odd.Replace("value=\"2\"", "value=\"77\"", StringComparison.Ordinal).Replace("value=\"3\"", "value=\"Green\"", StringComparison.Ordinal));
        app.Succeed([.. trimmed, "-p:PublishSingleFile=true", "-o", "out/single"]);
        Assert.Equal("False 1 77 Green\n", Tool.Run(app.PathOf("out/single/App"), "odd"));

        // What is not trimmed has nothing to cut, and nothing is said.
        app.Succeed("publish", "--no-self-contained", $"-p:BinarySizeCuts={NonBacktracking}%3Bnothing.xml", "-o", "out/dependent");
        Assert.True(File.Exists(app.PathOf("out/dependent/App.dll")));
    }
}
