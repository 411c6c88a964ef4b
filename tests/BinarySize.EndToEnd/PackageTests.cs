using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;

namespace BinarySize.EndToEnd;

/// <summary>The package as a file.</summary>
public class PackageTests
{
    [Fact]
    public void It_holds_what_a_build_needs_and_nothing_else()
    {
        string[] expected =
        [
            "BinarySize.Build.nuspec", "README.md", "icon.png",
            "Sdk/BinarySize.Build.props", "Sdk/BinarySize.Build.targets", "Sdk/Sdk.props", "Sdk/Sdk.targets",
            "build/BinarySize.Build.props", "build/BinarySize.Build.targets", "build/BinarySize.Build.Profiles.props", "build/BinarySize.Build.Profiles.targets", "build/BinarySize.Build.Shrink.targets",
            "build/profiles/Development.props", "build/profiles/Embedded.props", "build/profiles/General.props", "build/profiles/Serverless.props",
            "build/profiles/SizeCritical.props", "build/profiles/WebAssembly.props",
            "build/BinarySize.Build.Cuts.props", "build/BinarySize.Build.Cuts.targets", "build/BinarySize.Build.UpToDate.targets",
            .. Directory.EnumerateFiles(Path.Combine(Package.Repository, "src", "BinarySize.Build", "Cuts"), "*", SearchOption.AllDirectories).Select(f => "build/cuts/" + Path.GetRelativePath(Path.Combine(Package.Repository, "src", "BinarySize.Build", "Cuts"), f)),
            "buildMultiTargeting/BinarySize.Build.props", "buildMultiTargeting/BinarySize.Build.targets",
            "buildTransitive/BinarySize.Build.props", "buildTransitive/BinarySize.Build.targets",
            "tasks/net10.0/BinarySize.Build.dll", "tasks/net10.0/BinarySize.Build.runtimeconfig.json", "tasks/net10.0/BinarySize.dll",
            "tasks/net10.0/linux-x64/BinarySize.Build.dll", "tasks/net10.0/linux-x64/BinarySize.Build.runtimeconfig.json", "tasks/net10.0/linux-x64/BinarySize.dll", "tasks/net10.0/linux-x64/binarysize-gate",
        ];
        string[] container = ["[Content_Types].xml", "_rels/.rels"];
        Assert.Equal(expected.Order(StringComparer.Ordinal), Oracle.Zip(Package.File).Keys.Where(e => !container.Contains(e) && !e.EndsWith(".psmdcp", StringComparison.Ordinal)));
    }

    [Fact]
    public void Its_manifest_says_what_it_is_and_asks_for_nothing()
    {
        using ZipArchive package = ZipFile.OpenRead(Package.File);
        using Stream stream = package.GetEntry("BinarySize.Build.nuspec")!.Open();
        XElement metadata = XDocument.Load(stream).Root!.Elements().Single();
        string? Of(string name) => metadata.Elements().SingleOrDefault(e => e.Name.LocalName == name)?.Value;
        Assert.Equal(("BinarySize.Build", Package.Version), (Of("id"), Of("version")));
        Assert.Equal(("true", "README.md", "icon.png", "MIT"), (Of("developmentDependency"), Of("readme"), Of("icon"), Of("license")));
        Assert.Equal("expression", metadata.Elements().Single(e => e.Name.LocalName == "license").Attribute("type")!.Value);
        Assert.DoesNotContain(metadata.Descendants(), e => e.Name.LocalName == "dependency");
        XElement repository = metadata.Elements().Single(e => e.Name.LocalName == "repository");
        Assert.Equal("git", repository.Attribute("type")!.Value);
        Assert.Matches("^[0-9a-f]{40}$", repository.Attribute("commit")!.Value);
        Assert.NotEqual("", Of("description"));
    }

    [Fact]
    public void Its_tasks_are_compiled_ahead_for_linux_and_used_there()
    {
        using ZipArchive package = ZipFile.OpenRead(Package.File);
        foreach (string assembly in (string[])["BinarySize.Build.dll", "BinarySize.dll"])
        {
            // A ManagedNativeHeader is what ReadyToRun code hangs on.
            using PEReader plain = Read(package, "tasks/net10.0/" + assembly), ahead = Read(package, "tasks/net10.0/linux-x64/" + assembly);
            Assert.Equal((0, true), (plain.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size, ahead.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0));
            Assert.Equal(plain.GetMetadataReader().GetAssemblyDefinition().Version, ahead.GetMetadataReader().GetAssemblyDefinition().Version);
        }
        using TestProject project = TestProject.Console();
        Tool.Run("dotnet", "restore", project.ProjectFile);
        string used = Tool.Run("dotnet", "msbuild", project.ProjectFile, "-getProperty:_BinarySizeTasks").Trim();
        Assert.EndsWith("/tasks/net10.0/linux-x64/BinarySize.Build.dll", used, StringComparison.Ordinal);
        Assert.True(File.Exists(used), used);
    }

    /// <summary>What lies in a project's folder about what it ships is no part of that, wherever the SDK takes every .json.</summary>
    [Theory]
    [InlineData("Microsoft.NET.Sdk", "Project.json", "nested/binarysize.baseline.json")]
    [InlineData("Microsoft.NET.Sdk.Web", "Project.json")]
    [InlineData("Microsoft.NET.Sdk.Worker", "Project.json")]
    public void Its_own_files_are_no_items_of_a_project(string sdk, params string[] expected)
    {
        using var project = new TestProject();
        project.Write("App.csproj", TestProject.Text(sdk: sdk));
        foreach (string file in (string[])["Project.json", "binarysize.baseline.json", "nested/binarysize.baseline.json", "binarysize.approvals/one.json", "binarysize/report.json", "binarysize/aot/report.json", "out/binarysize/report.json"])
        {
            project.Write(file, "{}");
        }
        Tool.Run("dotnet", "restore", project.ProjectFile);

        using JsonDocument items = JsonDocument.Parse(Tool.Run("dotnet", "msbuild", project.ProjectFile, "-getItem:None,Content"));

        Assert.Equal(expected, items.RootElement.GetProperty("Items").EnumerateObject().SelectMany(i => i.Value.EnumerateArray())
            .Select(i => i.GetProperty("Identity").GetString()!).Where(i => i.EndsWith(".json", StringComparison.Ordinal) && i != "global.json").Order(StringComparer.Ordinal));
    }

    private static PEReader Read(ZipArchive package, string entry)
    {
        var memory = new MemoryStream();
        using (Stream stream = package.GetEntry(entry)!.Open()) stream.CopyTo(memory);
        memory.Position = 0;
        return new PEReader(memory);
    }

    [Fact]
    public void Packed_twice_in_two_places_it_is_the_same_and_leads_to_its_sources()
    {
        using var place = new TestProject();
        string[] packages = [.. ((string[])["one", "another place"]).Select(name =>
        {
            string copy = place.PathOf(name);
            Tool.Run("git", "clone", "-q", "--no-hardlinks", Package.Repository, copy);
            Tool.Run("git", "-C", copy, "remote", "set-url", "origin", "https://github.com/binarysize/BinarySize.Build");
            // As it is now, committed or not.
            Tool.Run("bash", "-c", "cd \"$1\" && git ls-files -coz --exclude-standard -- src build Sdk buildTransitive buildMultiTargeting eng README.md '*.props' global.json | xargs -0 tar -cf - | tar -xf - -C \"$2\"", "copy", Package.Repository, copy);
            Outcome packed = Tool.Try("dotnet", ["pack", "src/BinarySize.Build", "-c", "Release", "-o", Path.Combine(copy, "out"), "-p:Version=1.2.3", "--nologo"], copy,
                new Dictionary<string, string> { ["SOURCE_DATE_EPOCH"] = "1700000000" });
            Assert.True(packed.Code == 0, packed.ToString());
            return Path.Combine(copy, "out", "BinarySize.Build.1.2.3.nupkg");
        })];
        Tool.Run("cmp", packages);

        using ZipArchive package = ZipFile.OpenRead(packages[0]);
        foreach (string assembly in (string[])["BinarySize.Build.dll", "BinarySize.dll", "linux-x64/BinarySize.Build.dll", "linux-x64/BinarySize.dll"])
        {
            using PEReader pe = Read(package, "tasks/net10.0/" + assembly);
            using MetadataReaderProvider symbols = pe.ReadEmbeddedPortablePdbDebugDirectoryData(pe.ReadDebugDirectory().Single(d => d.Type == DebugDirectoryEntryType.EmbeddedPortablePdb));
            MetadataReader pdb = symbols.GetMetadataReader();
            // Kind "Source Link", Portable PDB specification.
            var sourceLink = new Guid("CC110556-A091-4D38-9FEC-25AB9A351A6A");
            string link = Assert.Single(pdb.CustomDebugInformation.Select(pdb.GetCustomDebugInformation).Where(c => pdb.GetGuid(c.Kind) == sourceLink).Select(c => Encoding.UTF8.GetString(pdb.GetBlobBytes(c.Value))));
            Assert.Contains("https://raw.githubusercontent.com/binarysize/BinarySize.Build/", link);
            Assert.All(pdb.Documents.Select(d => pdb.GetString(pdb.GetDocument(d).Name)), name => Assert.StartsWith("/_", name));
        }
    }
}
