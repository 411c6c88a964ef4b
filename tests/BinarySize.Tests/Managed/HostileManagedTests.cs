using System.Reflection.PortableExecutable;
using BinarySize.Tests.Pe;

namespace BinarySize.Tests.Managed;

public class HostileManagedTests
{
    /// <summary>Where damage does most: the headers, the metadata root, tables, ReadyToRun tables.</summary>
    private static (int, int)[] HotRanges(string path)
    {
        using var pe = new PEReader(File.OpenRead(path));
        CorHeader cor = pe.PEHeaders.CorHeader!;
        var hot = new List<(int, int)> { (0, 1024), (pe.PEHeaders.CorHeaderStartOffset, 72), (pe.PEHeaders.MetadataStartOffset, 300), (pe.PEHeaders.MetadataStartOffset, pe.PEHeaders.MetadataSize) };
        if (cor.ManagedNativeHeaderDirectory.RelativeVirtualAddress is var native and not 0)
        {
            int Offset(int rva)
            {
                SectionHeader section = pe.PEHeaders.SectionHeaders[pe.PEHeaders.GetContainingSectionIndex(rva)];
                return rva - section.VirtualAddress + section.PointerToRawData;
            }
            int header = Offset(native);
            hot.Add((header, cor.ManagedNativeHeaderDirectory.Size));
            System.Reflection.Metadata.BlobReader sections = pe.GetSectionData(native).GetReader(16, cor.ManagedNativeHeaderDirectory.Size - 16);
            while (sections.RemainingBytes >= 12)
            {
                sections.ReadInt32();
                int rva = sections.ReadInt32(), size = sections.ReadInt32();
                if (size > 0) hot.Add((Offset(rva), size));
            }
        }
        return [.. hot];
    }

    [Theory]
    [InlineData("hello.dll", 1500)]
    [InlineData("System.Collections.dll", 300)]
    [InlineData("System.Console.dll", 400)]
    public void Damaged_assemblies_are_still_accounted_for(string name, int rounds)
    {
        string path = Path.Combine(PeSamples.Windows, name);
        byte[] good = File.ReadAllBytes(path);
        Mutator.Truncate(good, Math.Max(97, good.Length / 50));
        Mutator.Run(good, 3, rounds, HotRanges(path));
    }

    [Fact]
    public void A_damaged_IL_assembly_is_still_accounted_for()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "xunit.v3.assert.dll");
        byte[] good = File.ReadAllBytes(path);
        Mutator.Truncate(good, good.Length / 60);
        Mutator.Run(good, 4, 400, HotRanges(path));
    }
}
