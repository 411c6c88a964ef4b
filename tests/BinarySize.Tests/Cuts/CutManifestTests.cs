using System.Text;
using BinarySize.IO;
using BinarySize.Shrinking.Cuts;

namespace BinarySize.Tests.Cuts;

public class CutManifestTests
{
    private const string Good = """{"schema":1,"library":"L","tried":["1"],"givesUp":"a","reached":"b","callers":"c","found":"d","saves":{"sample":"s","before":2,"after":1},"profiles":["SizeCritical","Embedded"]}""";

    private static string Folder => Path.Combine(Samples.Root, "src", "BinarySize.Build", "Cuts");

    public static TheoryData<string> Names => [.. new CutCatalogue(Folder).Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_cut_of_the_catalogue_can_be_read(string name)
    {
        var catalogue = new CutCatalogue(Folder);
        SubstitutionFile.Parse(File.ReadAllBytes(catalogue.FileOf(name)));
        CutManifest manifest = catalogue.ManifestOf(name);
        Assert.True(manifest.After < manifest.Before, name);
    }

    [Fact]
    public void Every_manifest_has_a_cut_and_the_props_are_what_they_say()
    {
        Assert.Equal(Directory.EnumerateFiles(Folder, "*.json", SearchOption.AllDirectories).Select(f => Path.ChangeExtension(f, ".xml")).Order(StringComparer.Ordinal), Directory.EnumerateFiles(Folder, "*.xml", SearchOption.AllDirectories).Order(StringComparer.Ordinal));
        Tool.Run("python3", Path.Combine(Samples.Root, "eng", "cuts.py"), "--check");
    }

    [Theory]
    [InlineData("\"schema\":1", "\"schema\":2", "\"schema\" is not 1")]
    [InlineData("\"library\":\"L\"", "\"libary\":\"L\"", "\"libary\" is not known")]
    [InlineData("\"library\":\"L\",", "", "\"library\" is missing")]
    [InlineData("\"library\":\"L\"", "\"library\":\" \"", "a text is needed")]
    [InlineData("[\"1\"]", "[]", "names no version")]
    [InlineData("\"after\":1", "\"after\":3", "more than")]
    [InlineData("[\"SizeCritical\",\"Embedded\"]", "[\"General\"]", "\"General\" is no profile that takes cuts")]
    [InlineData("[\"SizeCritical\",\"Embedded\"]", "[\"SizeCritical\"]", "Embedded takes all")]
    [InlineData("\"schema\":1", "\"schema\":1,\"property\":\"X\"", "Name=value")]
    [InlineData("\"schema\":1", "\"schema\":1,\"until\":\"10\"", "framework version")]
    public void A_manifest_is_read_strictly(string what, string by, string problem)
    {
        CutManifest.Parse(Encoding.UTF8.GetBytes(Good));
        Assert.Contains(problem, Assert.Throws<BadJsonException>(() => CutManifest.Parse(Encoding.UTF8.GetBytes(Good.Replace(what, by, StringComparison.Ordinal)))).Message, StringComparison.Ordinal);
    }
}
