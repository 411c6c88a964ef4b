using System.Diagnostics;
using System.Text;
using BinarySize.Shrinking.Cuts;

namespace BinarySize.Tests.Cuts;

public class SubstitutionFileTests
{
    private static BadCutException Fails(string xml) => Assert.Throws<BadCutException>(() => SubstitutionFile.Parse(Encoding.UTF8.GetBytes(xml)));

    [Fact]
    public void A_file_is_read_with_its_conditions_and_written_the_same()
    {
        SubstitutionFile file = SubstitutionFile.Parse(Encoding.UTF8.GetBytes("""
            <?xml version="1.0" encoding="utf-8"?>
            <!-- A comment. -->
            <linker feature="App.Off" featurevalue="True">
              <assembly fullname="Lib, Version=1.0.0.0">
                <type fullname="A.B`1/C" feature="X" featurevalue="false" featuredefault="true">
                  <method signature="System.Boolean get_Is()" body="stub" value="false" />
                  <method signature="System.Void &lt;M&gt;g__N|1_0()" body="remove" feature="Y" featurevalue="true" />
                </type>
              </assembly>
            </linker>
            """));
        Assert.Equal(new FeatureCondition("App.Off", "true", false), file.Condition);
        AssemblySubstitution assembly = Assert.Single(file.Assemblies);
        Assert.Equal("Lib", assembly.Name);
        TypeSubstitution type = Assert.Single(assembly.Types);
        Assert.Equal(("A.B`1/C", new FeatureCondition("X", "false", true)), (type.Name, type.Condition));
        Assert.Equal([(BodyChange.Stub, "false"), (BodyChange.Remove, null)], type.Methods.Select(m => (m.Change, m.Value)));
        Assert.Equal("System.Void <M>g__N|1_0()", type.Methods[1].Signature);
        SubstitutionFile again = SubstitutionFile.Parse(file.ToBytes("a -- b"));
        Assert.Equal(file.ToBytes("x"), again.ToBytes("x"));
    }

    [Theory]
    [InlineData("", 1, "no XML")]
    [InlineData("{}", 1, "no XML")]
    [InlineData("<linker>\n<assembly fullname=\"A\">\n</linker>", 3, "no XML")]
    [InlineData("<linker />", 1, "no method")]
    [InlineData("<linker>\n<assembly fullname=\"A\" />\n</linker>", 2, "no type")]
    [InlineData("<linker><assembly fullname=\"A\">\n<type fullname=\"T\" /></assembly></linker>", 2, "no method")]
    [InlineData("<linker>\n<assembly><type fullname=\"T\"/></assembly></linker>", 2, "'fullname' is missing")]
    [InlineData("<linker>\n<assembly fullname=\"*\"><type fullname=\"T\"/></assembly></linker>", 2, "pattern")]
    [InlineData("<linker><assembly fullname=\"A\"><type fullname=\"N.*\"/></assembly></linker>", 1, "pattern")]
    [InlineData("<linker><assembly fullname=\"A\"><type fullname=\"T\">\n<method body=\"stub\"/></type></assembly></linker>", 2, "'signature' is missing")]
    [InlineData("<linker><assembly fullname=\"A\"><type fullname=\"T\">\n<method signature=\"S\" body=\"drop\"/></type></assembly></linker>", 2, "stub or remove")]
    [InlineData("<linker><assembly fullname=\"A\"><type fullname=\"T\">\n<method signature=\"S\" body=\"remove\" value=\"1\"/></type></assembly></linker>", 2, "returns nothing")]
    [InlineData("<linker><assembly fullname=\"A\"><type fullname=\"T\"><method signature=\"S\" body=\"remove\"/>\n<method signature=\"S\" body=\"stub\"/></type></assembly></linker>", 2, "on line 1 already")]
    [InlineData("<linker><assembly fullname=\"A\"><type fullname=\"T\"><method signature=\"S\" body=\"remove\"/></type></assembly>\n<assembly fullname=\"a\"><type fullname=\"T\"><method signature=\"S\" body=\"remove\"/></type></assembly></linker>", 2, "already")]
    [InlineData("<linker><assembly fullname=\"A\">\n<resource name=\"R\" action=\"remove\"/></assembly></linker>", 2, "'resource'")]
    [InlineData("<linker><assembly fullname=\"A\"><type fullname=\"T\">\n<field name=\"F\" value=\"1\"/></type></assembly></linker>", 2, "'field'")]
    [InlineData("<linker><assembly fullname=\"A\"><type fullname=\"T\">\n<method signature=\"S\" body=\"stub\" vlaue=\"1\"/></type></assembly></linker>", 2, "'vlaue'")]
    [InlineData("<linker><assembly fullname=\"A\" feature=\"F\"><type fullname=\"T\"/></assembly></linker>", 1, "'featurevalue'")]
    [InlineData("<linker xmlns=\"http://x\"/>", 1, "namespace")]
    [InlineData("<linker>\ntext</linker>", 1, "text is not allowed")]
    [InlineData("<!DOCTYPE linker [<!ENTITY a \"b\">]>\n<linker/>", 1, "no XML")]
    public void What_is_wrong_is_told_with_its_line(string xml, int line, string what)
    {
        BadCutException problem = Fails(xml);
        Assert.Contains(what, problem.Message, StringComparison.Ordinal);
        Assert.Equal(line, problem.Line);
    }

    [Fact]
    public void Hostile_files_end_soon()
    {
        long begin = Stopwatch.GetTimestamp();
        Fails("<!DOCTYPE l [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><linker><assembly fullname=\"&b;\"/></linker>");
        Fails("<!DOCTYPE l SYSTEM \"file:///etc/passwd\"><linker/>");
        Fails(string.Concat(Enumerable.Repeat("<linker>", 100_000)));
        Fails("<linker>" + string.Concat(Enumerable.Repeat("<assembly fullname=\"A\"><type fullname=\"T\">", 20_000)));
        Fails(new string(' ', SubstitutionFile.MaxBytes + 1));
        Fails($"<linker><assembly fullname=\"{new string('A', 100_000)}\"/></linker>");
        Assert.Contains("elements", Fails("<linker><assembly fullname=\"A\"><type fullname=\"T\">" + string.Concat(Enumerable.Range(0, 25_000).Select(i => $"<method signature=\"{i}\" body=\"stub\"/>")) + "</type></assembly></linker>").Message, StringComparison.Ordinal);
        Fails("<linker " + string.Concat(Enumerable.Range(0, 50_000).Select(i => $"a{i}=\"\" ")) + "/>");
        Assert.True(Stopwatch.GetElapsedTime(begin) < TimeSpan.FromSeconds(4), $"{Stopwatch.GetElapsedTime(begin)}");
    }

    [Fact]
    public void Mutated_files_are_read_or_refused()
    {
        byte[] good = Encoding.UTF8.GetBytes("<linker><assembly fullname=\"A\" feature=\"F\" featurevalue=\"true\"><type fullname=\"T\"><method signature=\"S a()\" body=\"stub\" value=\"1\"/></type></assembly></linker>");
        var random = new Random(20260801);
        for (int round = 0; round < 5000; round++)
        {
            byte[] bytes = [.. good];
            for (int flips = random.Next(1, 6); flips > 0; flips--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (random.Next(4) == 0) bytes = bytes[..random.Next(bytes.Length)];
            try
            {
                Assert.NotEmpty(SubstitutionFile.Parse(bytes).Assemblies);
            }
            catch (BadCutException e)
            {
                Assert.True(e.Line > 0);
            }
        }
    }
}
