using System.Runtime.InteropServices;

namespace BinarySize.IO;

/// <summary>
/// Blocks of memory that go back to the system as soon as they are freed. The allocator of the C library would keep most
/// of them, between others that are still in use, and the tables of one stage would add to those of the next.
/// </summary>
internal static unsafe partial class NativeBlocks
{
    /// <summary>Bytes in a block.</summary>
    public const int Size = 128 * 1024;

    // Linux on every architecture that .NET runs on.
    private const int ReadWrite = 3, PrivateAnonymous = 0x22;

    /// <summary>A block of <see cref="Size"/> bytes with any content.</summary>
    public static void* Allocate()
    {
        if (!OperatingSystem.IsLinux()) return NativeMemory.Alloc(Size);
        void* block = Map(null, Size, ReadWrite, PrivateAnonymous, -1, 0);
        return (nint)block == -1 ? throw new InsufficientMemoryException() : block;
    }

    public static void Free(void* block)
    {
        if (block is null) return;
        if (OperatingSystem.IsLinux()) _ = Unmap(block, Size);
        else NativeMemory.Free(block);
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);
}
