using BinarySize.Shrinking.Cuts;

namespace BinarySize.Tests.Cuts;

/// <summary>What items and the property BinarySizeCuts come to, with the real catalogue.</summary>
public sealed class CutChoiceTests
{
    private const string Xml = "Newtonsoft.Json/XmlAndData", Regex = "Newtonsoft.Json/Regex", Help = "System.CommandLine/Help";

    private static readonly CutCatalogue s_catalogue = new(Path.Combine(Samples.Root, "src", "BinarySize.Build", "Cuts"));

    private static (string[] Names, string[] Said) Choose(string more, params (string, bool)[] items)
    {
        var findings = new List<CutFinding>();
        List<WantedCut> wanted = CutChoice.Of(items, more, s_catalogue, "/app", findings);
        return ([.. wanted.Select(w => w.File ?? w.Name)], [.. findings.Select(f => f.Code + " " + f.Message)]);
    }

    [Theory]
    [InlineData("", new[] { Xml, Regex, "/app/own.xml" })]
    [InlineData("none", new[] { Regex, "/app/own.xml" })]
    [InlineData(Help, new[] { Xml, Regex, "/app/own.xml", Help })]
    [InlineData("None; " + Help, new[] { Regex, "/app/own.xml", Help })]
    [InlineData("-" + Xml, new[] { Regex, "/app/own.xml" })]
    [InlineData("- newtonsoft.json/REGEX ;-own.xml", new[] { Xml })]
    [InlineData("-" + Help, new[] { Xml, Regex, "/app/own.xml" })]
    [InlineData("sub/more.XML;;-sub/more.XML;other.xml", new[] { Xml, Regex, "/app/own.xml", "/app/other.xml" })]
    public void The_property_adds_and_keeps_out(string more, string[] expected)
    {
        (string[] names, string[] said) = Choose(more, (Xml, true), (Regex, false), ("own.xml", false));
        Assert.Equal(expected, names);
        Assert.Empty(said);
    }

    [Fact]
    public void A_name_that_is_kept_out_must_exist()
    {
        (string[] names, string[] said) = Choose("-Newtonsoft.Json/XmlAndDate", (Xml, true));
        Assert.Equal([Xml], names);
        Assert.Equal(["BSZ5406 BinarySizeCuts keeps 'Newtonsoft.Json/XmlAndDate' out, which is not in the catalogue. Did you mean 'Newtonsoft.Json/XmlAndData'?"], said);
    }
}
