namespace BinarySize.EndToEnd;

/// <summary>dotnet pack measures the nupkg, entry by entry.</summary>
public class PackTests
{
    private static ReportDocument IsThePackage(TestProject lib, string report, string nupkg)
    {
        ReportDocument document = lib.Report(report);
        Assert.Equal(("Pack", "package", 1), (document.Stage, document.Main.Kind, document.Main.Files));
        Assert.Equal(Oracle.Size(lib.PathOf(nupkg)), document.Main.Size);
        var entries = document.Main.Tree.Children.Where(c => c.Kind == "file").ToDictionary(c => c.Name, c => new Entry(c.Size, c.Unpacked ?? c.Size));
        SortedDictionary<string, Entry> expected = Oracle.Zip(lib.PathOf(nupkg));
        Assert.Equal(expected, new SortedDictionary<string, Entry>(entries, StringComparer.Ordinal));
        return document;
    }

    [Fact]
    public void A_package_has_the_entries_that_unzip_lists()
    {
        using TestProject lib = TestProject.Library("", "<IncludeSymbols>true</IncludeSymbols><SymbolPackageFormat>snupkg</SymbolPackageFormat>");
        Outcome packed = lib.Succeed("pack");
        Assert.True(File.Exists(lib.PathOf("bin/Release/Lib.1.0.0.snupkg")));
        ReportDocument report = IsThePackage(lib, "bin/binarysize/Lib", "bin/Release/Lib.1.0.0.nupkg");
        Assert.Single(report.Artifacts);
        Assert.Contains("Lib.1.0.0.nupkg (", TestProject.Arrow(packed, ".nupkg"));
        Assert.DoesNotContain(Oracle.Zip(lib.PathOf("bin/Release/Lib.1.0.0.nupkg")).Keys, e => e.Contains("BinarySize", StringComparison.Ordinal));

        Assert.Equal(TestProject.Arrow(packed, ".nupkg"), TestProject.Arrow(lib.Succeed("pack", "--no-build"), ".nupkg"));

        // The budget of what ships is judged on the package, and fails the command.
        List<Diagnostic> errors = lib.Fail("pack", "--no-build", "-p:BinarySizeBudget=100 B");
        Diagnostic over = Assert.Single(errors);
        Assert.Equal("BSZ2001", over.Code);
        Assert.Contains("Largest: ", over.Message);
        Assert.Equal(lib.ProjectFile, over.File);
        Assert.Equal(errors, lib.Fail("pack", "--no-build", "-p:BinarySizeBudget=100 B"));
    }

    [Fact]
    public void Several_frameworks_make_one_package_and_one_report()
    {
        using TestProject lib = TestProject.Library("", framework: "net8.0;net10.0");
        Outcome packed = lib.Succeed("pack");
        ReportDocument report = IsThePackage(lib, "bin/binarysize/Lib", "bin/Release/Lib.1.0.0.nupkg");
        Assert.Contains(report.Main.Tree.Children, c => c.Name == "lib/net8.0/Lib.dll");
        TestProject.Arrow(packed, ".nupkg");
        // Each framework's output by itself.
        foreach (string framework in (string[])["net8.0", "net10.0"])
        {
            Assert.Equal(Oracle.DiskUsage(lib.PathOf($"bin/Release/{framework}")), lib.Report($"bin/Release/binarysize/{framework}").Main.Size);
        }
        // The outer build, which has no framework of its own, fails too.
        Diagnostic over = Assert.Single(lib.Fail("pack", "--no-build", "-p:BinarySizeBudget=100 B"));
        Assert.Contains("Size budget 'total' (Release) is ", over.Message);
        lib.Succeed("clean", "-c", "Release");
        Assert.Empty(Directory.GetFiles(lib.PathOf("obj"), "*.state", SearchOption.AllDirectories));
    }

    [Fact]
    public void What_is_not_packable_is_left_alone()
    {
        using TestProject lib = TestProject.Library("", "<IsPackable>false</IsPackable>");
        lib.Dotnet("pack");
        Assert.DoesNotContain(lib.Reports(), r => r.Contains("bin/binarysize", StringComparison.Ordinal));
    }
}
