using BinarySize.Shrinking;
using BinarySize.Shrinking.Cuts;

namespace BinarySize.Tests.Cuts;

public sealed class CutPlanTests : IDisposable
{
    private const string Subject = "BinarySize.Tests.Cuts.Subject.";

    private readonly string _folder = Directory.CreateTempSubdirectory("bsz-cuts-").FullName;

    private static string Assembly => typeof(CutPlanTests).Assembly.Location;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Method(string type, string signature, string body) =>
        $"<type fullname=\"{Subject}{type}\"><method signature=\"{signature.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)}\" {body} /></type>";

    private WantedCut Cut(string name, params string[] types)
    {
        string file = Path.Combine(_folder, name);
        File.WriteAllText(file, $"<linker>\n<assembly fullname=\"BinarySize.Tests\">\n{string.Join('\n', types)}\n</assembly>\n</linker>\n");
        return new WantedCut(name, file, ByProfile: false);
    }

    private CutPlan Plan(CutCompiler compiler, params WantedCut[] cuts) => CutPlan.Make(new CutRequest
    {
        Catalogue = new CutCatalogue(Path.Combine(_folder, "catalogue")),
        Cuts = cuts,
        Compiler = compiler,
        Assemblies = [Assembly, typeof(object).Assembly.Location],
        OwnAssemblies = [Assembly],
    });

    private void Catalogue(string name, string assembly, string type, string method, string more = "")
    {
        string file = Path.Combine(_folder, "catalogue", name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file + ".xml", $"<linker><assembly fullname=\"{assembly}\"><type fullname=\"{type}\">{method}</type></assembly></linker>");
        File.WriteAllText(file + ".json", $$"""{"schema":1,"library":"Some.Library","tried":["1.2.3"],"givesUp":"a","reached":"it throws","callers":"c","found":"d","saves":{"sample":"hello","before":2,"after":1},"profiles":["Embedded"]{{more}}}""");
    }

    [Theory]
    [InlineData("Things", "System.Boolean get_IsOn()", "System.Boolean get_IsOn()", "System.Boolean get_IsOn()")]
    [InlineData("Things", "System.Int32 Grid(System.Int32[,])", "System.Int32 Grid(System.Int32[,])", "System.Int32 Grid(System.Int32[0...,0...])")]
    [InlineData("Things", "System.Int32& First(System.Int32&)", "System.Int32& First(System.Int32&)", "System.Int32& modreq(System.Runtime.InteropServices.InAttribute) First(System.Int32&)")]
    [InlineData("Things", "System.Int32 Pointer(System.Int32*, System.Void *(System.Int32))", "System.Int32 Pointer(System.Int32*, System.Void *(System.Int32))", "System.Int32 Pointer(System.Int32*,method System.Void *(System.Int32))")]
    [InlineData("Library`1", "System.Int32 Count`1(TKey,TOther[],System.Int32&)", "System.Int32 Count`1(,[],System.Int32&)", "System.Int32 Count`1(TKey,TOther[],System.Int32&)")]
    [InlineData("Library`1/Inner", "System.Boolean Has(System.Collections.Generic.List`1<TKey>,System.Collections.Generic.Dictionary`2/Enumerator<System.String,BinarySize.Tests.Cuts.Subject.Library`1/Inner<TKey>>)",
        "System.Boolean Has(System.Collections.Generic.List`1<>,System.Collections.Generic.Dictionary`2/Enumerator<System.String,BinarySize.Tests.Cuts.Subject.Library`1/Inner<>>)",
        "System.Boolean Has(System.Collections.Generic.List`1<TKey>,System.Collections.Generic.Dictionary`2/Enumerator<System.String,BinarySize.Tests.Cuts.Subject.Library`1/Inner<TKey>>)")]
    public void Each_compiler_gets_its_own_spelling_whichever_is_written(string type, string written, string native, string trimmer)
    {
        foreach (string spelling in (string[])[written, native, trimmer])
        {
            WantedCut cut = Cut("a.xml", Method(type, spelling, "body=\"remove\""));
            foreach ((CutCompiler compiler, string expected) in ((CutCompiler, string)[])[(CutCompiler.NativeAot, native), (CutCompiler.Trimmer, trimmer)])
            {
                CutPlan plan = Plan(compiler, cut);
                Assert.DoesNotContain(plan.Findings, f => f.Code == "BSZ5401");
                SubstitutionFile file = SubstitutionFile.Parse(Assert.Single(plan.Taken).Xml);
                Assert.Equal(expected, file.Assemblies[0].Types[0].Methods[0].Signature);
            }
        }
    }

    [Fact]
    public void A_method_that_the_compiler_would_take_another_for_is_not_cut()
    {
        WantedCut with = Cut("with.xml", Method("Library`1", "System.Void Put(TKey)", "body=\"stub\"")), without = Cut("without.xml", Method("Library`1", "System.Void Put()", "body=\"stub\""));
        Assert.Contains("can't tell it from 'System.Void Put()'", Assert.Single(Plan(CutCompiler.NativeAot, with).Findings).Message, StringComparison.Ordinal);
        Assert.Single(Plan(CutCompiler.NativeAot, without).Taken);
        Assert.Equal(2, Plan(CutCompiler.Trimmer, with, without).Taken.Count);
    }

    [Fact]
    public void An_enum_is_a_number_to_one_compiler_and_a_name_to_the_other()
    {
        foreach (string value in (string[])["7", "Green"])
        {
            WantedCut cut = Cut("a.xml", Method("Things", Subject + "Color Hue()", $"body=\"stub\" value=\"{value}\""));
            Assert.Contains("value=\"7\"", System.Text.Encoding.UTF8.GetString(Plan(CutCompiler.NativeAot, cut).Taken[0].Xml), StringComparison.Ordinal);
            Assert.Contains("value=\"Green\"", System.Text.Encoding.UTF8.GetString(Plan(CutCompiler.Trimmer, cut).Taken[0].Xml), StringComparison.Ordinal);
        }
        Assert.Contains("did you mean 'Green'?", Assert.Single(Plan(CutCompiler.Trimmer, Cut("b.xml", Method("Things", Subject + "Color Hue()", "body=\"stub\" value=\"Grean\""))).Findings).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Things", "System.Boolean get_IsOff()", "body=\"stub\"", "the nearest is 'System.Boolean get_IsOn()'")]
    [InlineData("Things", "System.Void Run(System.Object)", "body=\"stub\"", "the nearest is 'System.Void Run(System.String)'")]
    [InlineData("Thing", "System.Boolean get_IsOn()", "body=\"stub\"", "the nearest is 'BinarySize.Tests.Cuts.Subject.Things'")]
    [InlineData("Shape", "System.Void Draw()", "body=\"remove\"", "it has no body")]
    [InlineData("Things", "System.Int64 Long()", "body=\"stub\" value=\"1\"", "the NativeAOT compiler can't stub")]
    [InlineData("Library`1", "System.String Name()", "body=\"stub\"", "the NativeAOT compiler can't stub")]
    [InlineData("Things", "BinarySize.Tests.Cuts.Subject.Small Size()", "body=\"stub\" value=\"1\"", "the NativeAOT compiler can't stub")]
    [InlineData("Things", "System.Boolean get_IsOn()", "body=\"stub\" value=\"maybe\"", "it can't return 'maybe'")]
    [InlineData("Things", "System.Void Run()", "body=\"stub\" value=\"1\"", "it returns nothing")]
    public void What_does_not_fit_is_told_with_what_is_there(string type, string signature, string body, string what)
    {
        CutPlan plan = Plan(CutCompiler.NativeAot, Cut("a.xml", Method("Things", "System.Void Run(System.String)", "body=\"stub\""), Method(type, signature, body)));
        CutFinding finding = Assert.Single(plan.Findings);
        Assert.Equal((FindingSeverity.Warning, "BSZ5401", 4), (finding.Severity, finding.Code, finding.Line));
        Assert.Contains(what, finding.Message, StringComparison.Ordinal);
        // Not by half.
        Assert.Empty(plan.Taken);
        Assert.Equal("BSZ5401", Assert.Single(plan.Left).Code);
    }

    [Fact]
    public void The_trimmer_can_stub_more_but_no_out_parameter()
    {
        Assert.Empty(Plan(CutCompiler.Trimmer, Cut("a.xml", Method("Things", "System.Int64 Long()", "body=\"stub\" value=\"1\""), Method("Library`1", "System.String Name()", "body=\"stub\" value=\"x\""), Method("Things", Subject + "Pair Both()", "body=\"stub\""))).Findings);
        Assert.Contains("out parameter", Assert.Single(Plan(CutCompiler.Trimmer, Cut("b.xml", Method("Things", "System.Boolean TryOut(System.Int32&)", "body=\"stub\""))).Findings).Message, StringComparison.Ordinal);
        Assert.Empty(Plan(CutCompiler.NativeAot, Cut("b.xml", Method("Things", "System.Boolean TryOut(System.Int32&)", "body=\"stub\""))).Findings);
    }

    [Fact]
    public void Callers_of_what_is_removed_are_named_with_their_line()
    {
        CutPlan plan = Plan(CutCompiler.NativeAot, Cut("a.xml", Method("Things", "System.Void Run()", "body=\"remove\""), Method("Shape", "System.Void Paint()", "body=\"remove\""),
            Method("Library`1", "System.String Name()", "body=\"remove\""), Method("Library`1", "System.Int32 Count`1(TKey,TOther[],System.Int32&)", "body=\"remove\"")));
        Assert.Single(plan.Taken);
        List<string> said = [.. plan.Findings.Select(f => f.Message[..f.Message.IndexOf(',', StringComparison.Ordinal)])];
        Assert.Equal([$"{Subject}User.Paint overrides Shape.Paint", $"{Subject}User.Draw calls Things.Run", $"{Subject}User.Paint calls Shape.Paint", $"{Subject}User.Delegate refers to Library`1.Name", $"{Subject}User.LaterAsync calls Things.Run"], said);
        Assert.All(plan.Findings, f => Assert.Equal(("BSZ5402", FindingSeverity.Warning, true, true), (f.Code, f.Severity, f.File!.EndsWith("CutSubject.cs", StringComparison.Ordinal), f.Line > 60)));
    }

    [Fact]
    public void A_stub_is_no_loss_to_callers_and_members_of_a_manifest_are()
    {
        Assert.Empty(Plan(CutCompiler.NativeAot, Cut("a.xml", Method("Things", "System.Void Run()", "body=\"stub\""))).Findings);
        Catalogue("Lib/Name", "BinarySize.Tests", Subject + "Things", "<method signature=\"System.Boolean get_IsOn()\" body=\"stub\"/>", $",\"apis\":[\"{Subject}Things.Run\"]");
        CutPlan plan = Plan(CutCompiler.NativeAot, new WantedCut("lib/name", null, ByProfile: true));
        Assert.Equal("Lib/Name", Assert.Single(plan.Taken).Name);
        Assert.Equal(2, plan.Findings.Count(f => f.Code == "BSZ5402" && f.Message.Contains("it throws", StringComparison.Ordinal)));
    }

    [Fact]
    public void Cuts_that_contradict_each_other_are_an_error_and_those_that_agree_are_not()
    {
        WantedCut one = Cut("a.xml", Method("Things", "System.Boolean get_IsOn()", "body=\"stub\" value=\"false\"")), two = Cut("b.xml", Method("Things", "System.Boolean get_IsOn()", "body=\"stub\" value=\"true\"")),
            same = Cut("c.xml", Method("Things", "System.Boolean get_IsOn()", "body=\"stub\" value=\"false\"")), other = Cut("d.xml", Method("Things", "System.Boolean get_IsOn()", "body=\"stub\" value=\"true\" feature=\"F\" featurevalue=\"true\"")),
            unlike = Cut("e.xml", Method("Things", "System.Boolean get_IsOn()", "body=\"stub\" value=\"false\" feature=\"F\" featurevalue=\"false\""));
        Assert.Empty(Plan(CutCompiler.NativeAot, one, same).Findings);
        Assert.Empty(Plan(CutCompiler.NativeAot, other, unlike).Findings);
        foreach (WantedCut second in (WantedCut[])[two, other])
        {
            CutFinding finding = Assert.Single(Plan(CutCompiler.NativeAot, one, second).Findings);
            Assert.Equal((FindingSeverity.Error, "BSZ5403", 3), (finding.Severity, finding.Code, finding.Line));
            Assert.Contains($"'a.xml' and '{second.Name}'", finding.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_beginning_of_the_program_is_not_cut()
    {
        var entry = typeof(CutPlanTests).Assembly.EntryPoint!;
        string file = Path.Combine(_folder, "main.xml");
        File.WriteAllText(file, $"<linker><assembly fullname=\"BinarySize.Tests\"><type fullname=\"{entry.DeclaringType!.FullName!.Replace('+', '/')}\">\n<method signature=\"{entry.ReturnType.FullName} {entry.Name.Replace("<", "&lt;", StringComparison.Ordinal)}(System.String[])\" body=\"remove\"/></type></assembly></linker>");
        Assert.Contains(Plan(CutCompiler.NativeAot, new WantedCut("main.xml", file, false)).Findings, f => (f.Severity, f.Code, f.Line, f.File) == (FindingSeverity.Error, "BSZ5404", 2, file));
    }

    [Fact]
    public void Names_that_are_not_there_are_told_with_what_may_be_meant()
    {
        Catalogue("Newtonsoft.Json/XmlAndData", "Not.There", "T", "<method signature=\"S\" body=\"remove\"/>");
        Cut("there.xml", Method("Things", "System.Void Run()", "body=\"stub\""));
        CutPlan plan = Plan(CutCompiler.NativeAot, new WantedCut("Newtonsoft.Json/XmlAndDate", null, false), new WantedCut("XmlAndData", null, false), new WantedCut("their.xml", Path.Combine(_folder, "their.xml"), false));
        Assert.Equal(["BSZ5406", "BSZ5406", "BSZ5406"], plan.Findings.Select(f => f.Code));
        Assert.All(plan.Findings, f => Assert.Equal(FindingSeverity.Error, f.Severity));
        Assert.Equal(2, plan.Findings.Count(f => f.Message.EndsWith("Did you mean 'Newtonsoft.Json/XmlAndData'?", StringComparison.Ordinal)));
        Assert.EndsWith("Did you mean 'there.xml'?", plan.Findings[2].Message, StringComparison.Ordinal);

        // A library that is not in the app is news where somebody asked for the cut, and none where a profile did.
        Assert.Equal("BSZ5407", Assert.Single(Plan(CutCompiler.NativeAot, new WantedCut("Newtonsoft.Json/XmlAndData", null, false)).Findings).Code);
        CutPlan quiet = Plan(CutCompiler.NativeAot, new WantedCut("Newtonsoft.Json/XmlAndData", null, true));
        Assert.Equal((0, 0, 0), (quiet.Findings.Count, quiet.Taken.Count, quiet.Left.Count));

        // In a user's own file it is misspelt.
        string own = Path.Combine(_folder, "own.xml");
        File.WriteAllText(own, "<linker><assembly fullname=\"BinarySize.Test\"><type fullname=\"T\"><method signature=\"S\" body=\"remove\"/></type></assembly></linker>");
        Assert.Contains("the nearest is 'BinarySize.Tests'", Assert.Single(Plan(CutCompiler.NativeAot, new WantedCut("own.xml", own, false)).Findings).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_key_changes_with_what_a_verdict_depends_on()
    {
        WantedCut cut = Cut("a.xml", Method("Things", "System.Void Run()", "body=\"stub\""));
        CutPlan first = Plan(CutCompiler.NativeAot, cut);
        Assert.Equal((first.Key, first.Taken[0].FileName), (Plan(CutCompiler.NativeAot, cut).Key, Plan(CutCompiler.NativeAot, cut).Taken[0].FileName));
        Assert.NotEqual(first.Key, Plan(CutCompiler.Trimmer, cut).Key);
        Cut("a.xml", Method("Things", "System.Void Run()", "body=\"remove\""));
        CutPlan changed = Plan(CutCompiler.NativeAot, cut);
        Assert.NotEqual((first.Key, first.Taken[0].FileName), (changed.Key, changed.Taken[0].FileName));
        Assert.NotEqual(first.Taken[0].FileName, changed.Taken[0].FileName);
    }
}
